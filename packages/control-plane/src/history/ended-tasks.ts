import type { TaskView } from '@runtime/contracts';
import { taskView } from '@runtime/contracts/fold';
import type { EventLog } from '@runtime/contracts/log';
import { ulid } from 'ulid';
import { Mutex } from '../waiting/mutex.ts';
import { PageFiles, PageLost, type PageEntry } from './page-files.ts';
import { PageSeries, type Page, type Span } from './page-series.ts';
import { removedBy } from './removals.ts';
import { mayHold, type Wanted } from './summary.ts';
import { UnfinishedTasks, type Ended } from './unfinished-tasks.ts';

/** What a page holds. */
interface PageSize {
  readonly tasks: number;
  /** Of JSON. A page of large tasks is full earlier. */
  readonly chars: number;
}

/** Takes milliseconds to write and to parse. */
export const pageSize: PageSize = { tasks: 500, chars: 1024 * 1024 };

/** What the snapshot of a plane says of ended tasks. */
export interface SavedEnded {
  /** Pages of another series were written by an owner that folded the log anew, perhaps in another order. */
  readonly series: string;
  readonly full: readonly Span[];
  /** How many tasks the page behind the full ones has; it may hold more by now. */
  readonly filling: number;
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
  #series: PageSeries;
  /** The page that is being filled, as it was saved last. */
  #filling: readonly TaskView[] = [];
  #fresh = new Map<string, Fresh>();
  /** Removed ones that may still be in pages. */
  readonly #gone = new Set<string>();
  readonly #changing = new Mutex();

  constructor(log: EventLog, version: string, size = pageSize) {
    this.#log = log;
    this.#version = version;
    this.#size = size;
    this.#series = new PageSeries(this.#files(ulid().toLowerCase()));
  }

  #files(series: string): PageFiles {
    return new PageFiles(this.#log, this.#version, series);
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
      pages: this.#series.pages(),
    };
  }

  /** Reads in pages and summaries; once more, from the log, where one of them cannot be read. */
  async whole<T>(read: () => Promise<T>): Promise<T> {
    const series = this.#series;
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof PageLost)) throw error;
      await this.#changing.run(async () => {
        if (this.#series === series) await this.#refold();
      });
      return read();
    }
  }

  /** The tasks of a page of `all()`. Throws PageLost. */
  async read({ series, number }: Page): Promise<readonly TaskView[]> {
    return this.#kept(await series.read(number));
  }

  /** All of them in the order of their ends, in pieces, the first one first. Throws PageLost. */
  async *oldestFirst(): AsyncGenerator<readonly TaskView[], void, undefined> {
    const { recent, pages } = this.all();
    for (const page of pages) yield await this.read(page);
    yield recent;
  }

  /** Whether a wanted task may be in a page of `all()`. Throws PageLost. */
  async mayHold({ series, number }: Page, wanted: Wanted): Promise<boolean> {
    if (Object.values(wanted).every((each) => each === undefined)) return true;
    const summary = await series.summaryOf(number);
    return summary === undefined || mayHold(summary, wanted);
  }

  /** Keys of the tasks in pages, with their tasks' ids. Throws PageLost. */
  async *keys(): AsyncGenerator<PageEntry['keys'], void, undefined> {
    for await (const keys of this.#series.keys()) yield keys.filter(([, id]) => !this.#gone.has(id));
  }

  /** Takes over what was saved. False, with nothing taken, when it cannot be read. */
  async restore({ series: id, full, filling }: SavedEnded): Promise<boolean> {
    const series = new PageSeries(this.#files(id), full);
    try {
      this.#filling = await series.readNext(filling);
    } catch (error) {
      if (!(error instanceof PageLost)) throw error;
      return false;
    }
    this.#series = series;
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
      return { series: this.#series.id, full: this.#series.spans, filling: this.#filling.length };
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
    await this.#series.writeNext(position, tasks, isFull());
    for (const id of taken) this.#fresh.delete(id);
    this.#filling = isFull() ? [] : tasks;
    return taken.length;
  }

  /** Takes removed tasks out of the pages. */
  async #takeOut(position: number): Promise<void> {
    const gone = new Set(this.#gone);
    if (gone.size === 0) return;
    await this.#series.takeOut(gone, position);
    const filling = this.#filling.filter(({ id }) => !gone.has(id));
    if (filling.length < this.#filling.length) {
      await this.#series.writeNext(position, filling, false);
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
    this.#series.abandon();
    this.#series = new PageSeries(this.#files(ulid().toLowerCase()));
    this.#filling = [];
    this.#fresh = found;
  }
}
