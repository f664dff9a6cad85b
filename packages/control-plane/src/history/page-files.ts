import type { TaskView } from '@runtime/contracts';
import type { EventLog } from '@runtime/contracts/log';
import type { Summary } from './summary.ts';

/** Pages whose summaries lie together: few enough to be written anew with each page, so many that there are few rows. */
export const rowPages = 10;

/** A page, or what is kept beside it, is missing, damaged or of another series. */
export class PageLost extends Error {}

/** What is kept beside a full page. */
export interface PageEntry {
  readonly summary: Summary;
  /** Keys of its tasks, each with its task's id. */
  readonly keys: readonly (readonly [key: string, id: string])[];
}

interface PageState {
  readonly series: string;
  readonly tasks: readonly TaskView[];
}

interface RowState {
  readonly series: string;
  readonly entries: readonly PageEntry[];
}

const numbered = (name: string, number: number): string => `${name}-${String(number).padStart(6, '0')}`;
const pageName = (number: number): string => numbered('tasks-ended', number);
const rowName = (number: number): string => numbered('tasks-index', number);

/** The snapshots of one series of pages, and of the rows beside them. */
export class PageFiles {
  readonly series: string;
  readonly #log: EventLog;
  readonly #version: string;

  constructor(log: EventLog, version: string, series: string) {
    this.#log = log;
    this.#version = version;
    this.series = series;
  }

  /** The first `count` tasks of a page. Throws PageLost. */
  async read(number: number, count: number): Promise<readonly TaskView[]> {
    return first(count, (await this.#read<PageState>(pageName(number))).tasks);
  }

  async write(number: number, position: number, tasks: readonly TaskView[]): Promise<void> {
    await this.#write(pageName(number), position, { series: this.series, tasks });
  }

  /** What is kept beside the first `count` pages of a row. Throws PageLost. */
  async readRow(row: number, count: number): Promise<readonly PageEntry[]> {
    return first(count, (await this.#read<RowState>(rowName(row))).entries);
  }

  async writeRow(row: number, position: number, entries: readonly PageEntry[]): Promise<void> {
    await this.#write(rowName(row), position, { series: this.series, entries });
  }

  async #read<State extends { readonly series: string }>(name: string): Promise<State> {
    const snapshot = await this.#log.readSnapshot(name, this.#version);
    // Written by this very version of this class; another version is not returned.
    const state = snapshot?.state as State | undefined;
    if (state?.series !== this.series) throw new PageLost();
    return state;
  }

  async #write(name: string, position: number, state: PageState | RowState): Promise<void> {
    await this.#log.writeSnapshot(name, { version: this.#version, position, state });
  }
}

function first<T>(count: number, all: readonly T[]): readonly T[] {
  if (all.length < count) throw new PageLost();
  return all.length === count ? all : all.slice(0, count);
}
