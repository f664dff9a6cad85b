import type { TaskView } from '@runtime/contracts';
import { taskView } from '@runtime/contracts/fold';
import type { EventLog } from '@runtime/contracts/log';
import { ulid } from 'ulid';
import { Mutex } from '../waiting/mutex.ts';
import { PageFiles, PageLost, rowPages, type PageEntry } from './page-files.ts';
import { mayHold, summaryOf, type Summary, type Wanted } from './summary.ts';
import { UnfinishedTasks, type Ended } from './unfinished-tasks.ts';

/** What a page holds. */
interface PageSize {
  readonly tasks: number;
  /** Of JSON. A page of large tasks is full earlier. */
  readonly chars: number;
}

/** Takes milliseconds to write and to parse. */
export const pageSize: PageSize = { tasks: 500, chars: 1024 * 1024 };
/** Pages that are kept as they were read: whoever looks again looks at the newest ones. */
const keptPages = 2;

/** A full page: how many tasks, and when the first and the last of them were submitted, in Unix ms. */
type Span = readonly [count: number, oldest: number, newest: number];

/** What the snapshot of a plane says of ended tasks. */
export interface SavedEnded {
  /** Pages of another series were written by an owner that folded the log anew, perhaps in another order. */
  readonly series: string;
  readonly full: readonly Span[];
  /** How many tasks the page behind the full ones has; it may hold more by now. */
  readonly filling: number;
}

/** A full page. */
export interface Page {
  readonly number: number;
  readonly count: number;
  readonly oldest: number;
  readonly newest: number;
}

/** In no page yet. */
interface Fresh {
  readonly view: TaskView;
  /** The position of its first event. */
  readonly since: number;
}

/**
 * Ended tasks. They never change, so they lie in pages in the order of their ends, and a full page is written once and
 * not kept in memory: an opening, a save and what is held cost what is new, however long the history is.
 * Pages only save time: where one cannot be read, all of them are folded from the log again.
 */
export class EndedTasks {
  readonly #log: EventLog;
  readonly #version: string;
  readonly #size: PageSize;
  #files: PageFiles;
  #full: readonly Span[] = [];
  /** The page that is being filled, as it was saved last. */
  #filling: readonly TaskView[] = [];
  #fresh = new Map<string, Fresh>();
  /** Pages by number. */
  readonly #kept = new Map<number, readonly TaskView[]>();
  /** Of full pages, by number; read when a question needs them. */
  readonly #summaries = new Map<number, Summary>();
  readonly #changing = new Mutex();

  constructor(log: EventLog, version: string, size = pageSize) {
    this.#log = log;
    this.#version = version;
    this.#size = size;
    this.#files = this.#newSeries();
  }

  #newSeries(): PageFiles {
    return new PageFiles(this.#log, this.#version, ulid().toLowerCase());
  }

  /** Takes a task that has ended. */
  add({ state, since }: Ended): void {
    if (!this.recent(state.id)) this.#fresh.set(state.id, { view: taskView(state), since });
  }

  /** A task that is in memory: one of the last that ended. */
  recent(id: string): TaskView | undefined {
    return this.#fresh.get(id)?.view ?? this.#filling.find((view) => view.id === id);
  }

  /** All of one moment: the tasks in memory, and the pages of the others. */
  all(): { readonly recent: readonly TaskView[]; readonly pages: readonly Page[] } {
    return {
      recent: [...this.#filling, ...[...this.#fresh.values()].map(({ view }) => view)],
      pages: this.#full.map(([count, oldest, newest], number) => ({ number, count, oldest, newest })),
    };
  }

  /** Reads in pages and summaries; once more, from the log, where one of them cannot be read. */
  async whole<T>(read: () => Promise<T>): Promise<T> {
    const files = this.#files;
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof PageLost)) throw error;
      await this.#changing.run(async () => {
        if (this.#files === files) await this.#refold();
      });
      return read();
    }
  }

  /** The tasks of a page of `all()`. Throws PageLost. */
  async read({ number, count }: Page): Promise<readonly TaskView[]> {
    const kept = this.#kept.get(number);
    if (kept) return kept;
    const files = this.#files;
    const tasks = await files.read(number, count);
    if (files !== this.#files) throw new PageLost();
    this.#keep(number, tasks);
    return tasks;
  }

  #keep(number: number, tasks: readonly TaskView[]): void {
    this.#kept.set(number, tasks);
    const [first] = this.#kept.keys();
    if (this.#kept.size > keptPages && first !== undefined) this.#kept.delete(first);
  }

  /** Whether a wanted task may be in a page of `all()`. Throws PageLost. */
  async mayHold({ number }: Page, wanted: Wanted): Promise<boolean> {
    if (Object.values(wanted).every((each) => each === undefined)) return true;
    let summary = this.#summaries.get(number);
    if (!summary) {
      const first = number - (number % rowPages);
      for (const [index, entry] of (await this.#entries(first)).entries()) {
        this.#summaries.set(first + index, entry.summary);
      }
      summary = this.#summaries.get(number);
    }
    return summary === undefined || mayHold(summary, wanted);
  }

  /** Keys of the tasks in pages, with their tasks' ids. Throws PageLost. */
  async *keys(): AsyncGenerator<PageEntry['keys'], void, undefined> {
    for (let first = 0; first < this.#full.length; first += rowPages) {
      for (const { keys } of await this.#entries(first)) yield keys;
    }
  }

  /** What is kept beside the full pages of a row. What an owner that died while it saved left there does not count. */
  async #entries(first: number): Promise<readonly PageEntry[]> {
    const files = this.#files;
    const count = Math.min(rowPages, this.#full.length - first);
    const entries = await files.readRow(first / rowPages, count);
    if (files !== this.#files) throw new PageLost();
    return entries;
  }

  /** Takes over what was saved. False, with nothing taken, when it cannot be read. */
  async restore({ series, full, filling }: SavedEnded): Promise<boolean> {
    const files = new PageFiles(this.#log, this.#version, series);
    try {
      this.#filling = filling === 0 ? [] : await files.read(full.length, filling);
    } catch (error) {
      if (!(error instanceof PageLost)) throw error;
      return false;
    }
    this.#files = files;
    this.#full = full;
    return true;
  }

  /**
   * Saves the tasks that have ended by now, of those that were submitted up to `position`: a later one is folded again
   * by whoever reads on from there. Resolves with what the plane's snapshot says of them.
   */
  save(position: number): Promise<SavedEnded> {
    const ids = [...this.#fresh].filter(([, { since }]) => since <= position).map(([id]) => id);
    return this.#changing.run(async () => {
      try {
        for (let at = 0; at < ids.length;) at += await this.#fill(ids.slice(at, at + this.#size.tasks), position);
      } catch (error) {
        if (error instanceof PageLost) await this.#refold();
        throw error;
      }
      return { series: this.#files.series, full: this.#full, filling: this.#filling.length };
    });
  }

  /** Writes a page with as many of these tasks as it has room for, and resolves with how many those are. */
  async #fill(ids: readonly string[], position: number): Promise<number> {
    const tasks = [...this.#filling];
    let chars = tasks.reduce((sum, view) => sum + JSON.stringify(view).length, 0);
    const isFull = (): boolean => tasks.length >= this.#size.tasks || chars >= this.#size.chars;
    const taken = [];
    for (const id of ids) {
      if (isFull()) break;
      taken.push(id);
      const view = this.#fresh.get(id)?.view;
      if (view) tasks.push(view);
      chars += JSON.stringify(view ?? null).length;
    }
    const number = this.#full.length;
    await this.#files.write(number, position, tasks);
    if (isFull()) await this.#addToRow(number, position, tasks);
    for (const id of taken) this.#fresh.delete(id);
    this.#filling = isFull() ? [] : tasks;
    if (isFull()) {
      const times = tasks.map(({ submittedAt }) => submittedAt);
      this.#full = [...this.#full, [tasks.length, Math.min(...times), Math.max(...times)]];
      this.#keep(number, tasks);
    }
    return taken.length;
  }

  async #addToRow(number: number, position: number, tasks: readonly TaskView[]): Promise<void> {
    const first = number - (number % rowPages);
    const before = first === number ? [] : await this.#entries(first);
    const summary = summaryOf(tasks);
    const keys = tasks.flatMap(({ key, id }) => (key === undefined ? [] : [[key, id] as const]));
    await this.#files.writeRow(first / rowPages, position, [...before, { summary, keys }]);
    this.#summaries.set(number, summary);
  }

  /** Folds all ended tasks from the log, into memory. The next save writes them in a series of their own. */
  async #refold(): Promise<void> {
    const unfinished = new UnfinishedTasks();
    const found = new Map<string, Fresh>();
    for await (const events of this.#log.read()) {
      for (const event of events) {
        const state = unfinished.fold(event);
        const ended = state && unfinished.put(state);
        if (ended) found.set(ended.state.id, { view: taskView(ended.state), since: ended.since });
      }
    }
    for (const [id, fresh] of this.#fresh) found.set(id, fresh);
    this.#files = this.#newSeries();
    this.#full = [];
    this.#filling = [];
    this.#fresh = found;
    this.#kept.clear();
    this.#summaries.clear();
  }
}
