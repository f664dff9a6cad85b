import type { TaskView } from '@runtime/contracts';
import { PageLost, rowPages, type PageEntry, type PageFiles } from './page-files.ts';
import { summaryOf, type Summary } from './summary.ts';

/** Pages that are kept as they were read: whoever looks again looks at the newest ones. */
const cachedPages = 2;

/** A full page: how many tasks, fewer once some were removed, and when the first and the last of them were submitted, in Unix ms. */
export type Span = readonly [count: number, oldest: number, newest: number];

/** A full page. */
export interface Page {
  readonly series: PageSeries;
  readonly number: number;
  readonly count: number;
  readonly oldest: number;
  readonly newest: number;
}

/**
 * Pages that one folding of the log has begun: full ones, which lie on the disk and change only where tasks are
 * removed, and behind them the next one, which is being filled. Whoever changes them does so one change at a time.
 */
export class PageSeries {
  readonly #files: PageFiles;
  #full: readonly Span[];
  /** Pages by number, as they were read. */
  readonly #cached = new Map<number, readonly TaskView[]>();
  /** Of full pages, by number; read when a question needs them. */
  readonly #summaries = new Map<number, Summary>();
  /** The page that is written without removed tasks. */
  #rewriting: { readonly number: number; readonly tasks: readonly TaskView[] } | undefined;
  #isAbandoned = false;

  constructor(files: PageFiles, full: readonly Span[] = []) {
    this.#files = files;
    this.#full = full;
  }

  get id(): string {
    return this.#files.series;
  }

  /** What a snapshot says of the full pages. */
  get spans(): readonly Span[] {
    return this.#full;
  }

  /** The full pages that hold something. */
  pages(): readonly Page[] {
    return this.#full
      .map(([count, oldest, newest], number) => ({ series: this, number, count, oldest, newest }))
      .filter(({ count }) => count > 0);
  }

  /** Another series takes its place: whoever still reads in this one is told so by PageLost. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  /** The tasks of a full page. Throws PageLost. */
  async read(number: number): Promise<readonly TaskView[]> {
    const known = this.#rewriting?.number === number ? this.#rewriting.tasks : this.#cached.get(number);
    const tasks = known ?? (await this.#files.read(number, this.#full[number]?.[0] ?? 0));
    this.#expectCurrent();
    if (!known) this.#cache(number, tasks);
    return tasks;
  }

  #cache(number: number, tasks: readonly TaskView[]): void {
    this.#cached.set(number, tasks);
    const [first] = this.#cached.keys();
    if (this.#cached.size > cachedPages && first !== undefined) this.#cached.delete(first);
  }

  /** The summary of a full page. Throws PageLost. */
  async summaryOf(number: number): Promise<Summary | undefined> {
    if (!this.#summaries.has(number)) {
      const first = number - (number % rowPages);
      for (const [index, entry] of (await this.#entries(first)).entries()) {
        this.#summaries.set(first + index, entry.summary);
      }
    }
    return this.#summaries.get(number);
  }

  /** Keys of the tasks in full pages, with their tasks' ids. Throws PageLost. */
  async *keys(): AsyncGenerator<PageEntry['keys'], void, undefined> {
    for (let first = 0; first < this.#full.length; first += rowPages) {
      for (const { keys } of await this.#entries(first)) yield keys;
    }
  }

  /** What is kept beside the full pages of a row. What an owner that died while it saved left there does not count. */
  async #entries(first: number): Promise<readonly PageEntry[]> {
    const count = Math.min(rowPages, this.#full.length - first);
    const entries = await this.#files.readRow(first / rowPages, count);
    this.#expectCurrent();
    return entries;
  }

  #expectCurrent(): void {
    if (this.#isAbandoned) throw new PageLost();
  }

  /** The page behind the full ones, with as many tasks as were saved. Throws PageLost. */
  async readNext(count: number): Promise<readonly TaskView[]> {
    return count === 0 ? [] : this.#files.read(this.#full.length, count);
  }

  /** Writes the page behind the full ones. Once it is full it is one of them. */
  async writeNext(position: number, tasks: readonly TaskView[], isFull: boolean): Promise<void> {
    const number = this.#full.length;
    await this.#files.write(number, position, tasks);
    if (!isFull) return;
    await this.#writeEntry(number, position, tasks);
    this.#full = [...this.#full, spanOf(tasks)];
    this.#cache(number, tasks);
  }

  /** What is kept beside a page: of a new one behind those of its row, else in place of its own. */
  async #writeEntry(number: number, position: number, tasks: readonly TaskView[]): Promise<void> {
    const first = number - (number % rowPages);
    const entries = first < this.#full.length ? [...(await this.#entries(first))] : [];
    const summary = summaryOf(tasks);
    const keys = tasks.flatMap(({ key, id }) => (key === undefined ? [] : [[key, id] as const]));
    entries[number - first] = { summary, keys };
    await this.#files.writeRow(first / rowPages, position, entries);
    this.#summaries.set(number, summary);
  }

  /**
   * Takes removed tasks out of the full pages. An owner that dies before the snapshot of the plane is written leaves
   * pages that hold fewer than that says, and the next one folds the log.
   */
  async takeOut(removed: ReadonlySet<string>, position: number): Promise<void> {
    for (const { number } of this.pages()) {
      const summary = await this.summaryOf(number);
      if (summary && !summary.ids.split('\n').some((id) => removed.has(id))) continue;
      const tasks = (await this.read(number)).filter(({ id }) => !removed.has(id));
      this.#rewriting = { number, tasks };
      try {
        await this.#files.write(number, position, tasks);
        await this.#writeEntry(number, position, tasks);
        this.#full = this.#full.with(number, spanOf(tasks));
        this.#cached.delete(number);
      } finally {
        this.#rewriting = undefined;
      }
    }
  }
}

function spanOf(tasks: readonly TaskView[]): Span {
  if (tasks.length === 0) return [0, 0, 0];
  const times = tasks.map(({ submittedAt }) => submittedAt);
  return [tasks.length, Math.min(...times), Math.max(...times)];
}
