import type { TaskView } from '@runtime/contracts';
import { taskView } from '@runtime/contracts/fold';
import type { EventLog } from '@runtime/contracts/log';
import { ulid } from 'ulid';
import { Mutex } from '../waiting/mutex.ts';
import { removedBy } from './removals.ts';
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
const cachedPages = 2;

/** A full page: how many tasks, fewer once some were removed, and when the first and the last of them were submitted, in Unix ms. */
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
  /** Pages by number, as they were read. */
  readonly #cached = new Map<number, readonly TaskView[]>();
  /** Of full pages, by number; read when a question needs them. */
  readonly #summaries = new Map<number, Summary>();
  /** Removed ones that may still be in pages. */
  readonly #gone = new Set<string>();
  /** The page that is written without those. */
  #rewriting: { readonly number: number; readonly tasks: readonly TaskView[] } | undefined;
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

  /** Forgets tasks: nothing tells of them any more. The next save takes them out of the pages. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#fresh.delete(id);
      // Also where it was in memory: it may be on its way into a page.
      this.#gone.add(id);
    }
  }

  /** A task that is in memory: one of the last that ended. */
  recent(id: string): TaskView | undefined {
    return this.#fresh.get(id)?.view ?? this.#kept(this.#filling).find((view) => view.id === id);
  }

  /** Without the removed ones. */
  #kept(tasks: readonly TaskView[]): readonly TaskView[] {
    return this.#gone.size === 0 ? tasks : tasks.filter(({ id }) => !this.#gone.has(id));
  }

  /** All of one moment: the tasks in memory, and the pages of the others. */
  all(): { readonly recent: readonly TaskView[]; readonly pages: readonly Page[] } {
    return {
      recent: [...this.#kept(this.#filling), ...[...this.#fresh.values()].map(({ view }) => view)],
      pages: this.#full
        .map(([count, oldest, newest], number) => ({ number, count, oldest, newest }))
        .filter(({ count }) => count > 0),
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
  async read({ number }: Pick<Page, 'number'>): Promise<readonly TaskView[]> {
    return this.#kept(await this.#read(number));
  }

  /** Also those that are to be taken out. */
  async #read(number: number): Promise<readonly TaskView[]> {
    const cached = this.#rewriting?.number === number ? this.#rewriting.tasks : this.#cached.get(number);
    if (cached) return cached;
    const files = this.#files;
    const tasks = await files.read(number, this.#full[number]?.[0] ?? 0);
    if (files !== this.#files) throw new PageLost();
    this.#cache(number, tasks);
    return tasks;
  }

  #cache(number: number, tasks: readonly TaskView[]): void {
    this.#cached.set(number, tasks);
    const [first] = this.#cached.keys();
    if (this.#cached.size > cachedPages && first !== undefined) this.#cached.delete(first);
  }

  /** All of them in the order of their ends, in pieces, the first one first. Throws PageLost. */
  async *oldestFirst(): AsyncGenerator<readonly TaskView[], void, undefined> {
    const { recent, pages } = this.all();
    for (const page of pages) yield await this.read(page);
    yield recent;
  }

  /** Whether a wanted task may be in a page of `all()`. Throws PageLost. */
  async mayHold({ number }: Page, wanted: Wanted): Promise<boolean> {
    if (Object.values(wanted).every((each) => each === undefined)) return true;
    const summary = await this.#summaryOf(number);
    return summary === undefined || mayHold(summary, wanted);
  }

  async #summaryOf(number: number): Promise<Summary | undefined> {
    if (!this.#summaries.has(number)) {
      const first = number - (number % rowPages);
      for (const [index, entry] of (await this.#entries(first)).entries()) {
        this.#summaries.set(first + index, entry.summary);
      }
    }
    return this.#summaries.get(number);
  }

  /** Keys of the tasks in pages, with their tasks' ids. Throws PageLost. */
  async *keys(): AsyncGenerator<PageEntry['keys'], void, undefined> {
    for (let first = 0; first < this.#full.length; first += rowPages) {
      for (const { keys } of await this.#entries(first)) yield keys.filter(([, id]) => !this.#gone.has(id));
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
        await this.#takeOut(position);
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
    if (isFull()) await this.#writeEntry(number, position, tasks);
    for (const id of taken) this.#fresh.delete(id);
    this.#filling = isFull() ? [] : tasks;
    if (isFull()) {
      this.#full = [...this.#full, spanOf(tasks)];
      this.#cache(number, tasks);
    }
    return taken.length;
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
   * Takes removed tasks out of the pages. An owner that dies before the snapshot of the plane is written leaves pages
   * that hold fewer than that says, and the next one folds the log.
   */
  async #takeOut(position: number): Promise<void> {
    const gone = new Set(this.#gone);
    if (gone.size === 0) return;
    for (const number of this.#full.keys()) {
      if (this.#full[number]?.[0] === 0) continue;
      const summary = await this.#summaryOf(number);
      if (summary && !summary.ids.split('\n').some((id) => gone.has(id))) continue;
      const tasks = (await this.#read(number)).filter(({ id }) => !gone.has(id));
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
    const filling = this.#filling.filter(({ id }) => !gone.has(id));
    if (filling.length < this.#filling.length) {
      await this.#files.write(this.#full.length, position, filling);
      this.#filling = filling;
    }
    for (const id of gone) this.#gone.delete(id);
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
        for (const id of removedBy(event)) found.delete(id);
      }
    }
    for (const [id, fresh] of this.#fresh) found.set(id, fresh);
    for (const id of this.#gone) found.delete(id);
    this.#files = this.#newSeries();
    this.#full = [];
    this.#filling = [];
    this.#fresh = found;
    this.#cached.clear();
    this.#summaries.clear();
  }
}

function spanOf(tasks: readonly TaskView[]): Span {
  if (tasks.length === 0) return [0, 0, 0];
  const times = tasks.map(({ submittedAt }) => submittedAt);
  return [tasks.length, Math.min(...times), Math.max(...times)];
}
