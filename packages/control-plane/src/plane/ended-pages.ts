import type { EventLog } from '@runtime/contracts/log';
import { ulid } from 'ulid';
import type { EndedTask } from './ended-task.ts';

/** Of a page: about half a megabyte, which takes milliseconds to write and to parse. */
export const pageTasks = 500;

/** Which ended tasks belong to a snapshot of the registry: the first ones of a series of pages. */
export interface EndedSeries {
  /** Pages of another series were written by an owner that folded the log anew, perhaps in another order. */
  readonly series: string;
  readonly count: number;
}

interface Page {
  readonly series: string;
  readonly tasks: readonly EndedTask[];
}

const pageName = (number: number): string => `tasks-ended-${String(number).padStart(6, '0')}`;

/**
 * Ended tasks, in the order of their ends, in snapshots of their own. They never change, so a page that is full is
 * written once: a save costs what is new, however long the history is, and the loop runs between the pages of a load.
 */
export class EndedPages {
  #series = ulid().toLowerCase();
  /** Pages that are full and written. */
  #full = 0;

  /** The tasks of a series, as they were saved; undefined when a page is missing, damaged or of another series. */
  async read(
    log: EventLog,
    version: string,
    { series, count }: EndedSeries,
  ): Promise<readonly EndedTask[] | undefined> {
    const found: EndedTask[] = [];
    while (found.length < count) {
      const snapshot = await log.readSnapshot(pageName(found.length / pageTasks), version);
      const page = snapshot?.state as Page | undefined;
      // The last page may hold more than belonged to it when its registry was saved.
      const tasks = page?.tasks.slice(0, Math.min(pageTasks, count - found.length)) ?? [];
      if (page?.series !== series || (tasks.length < pageTasks && found.length + tasks.length < count))
        return undefined;
      found.push(...tasks);
    }
    this.#series = series;
    this.#full = Math.floor(count / pageTasks);
    return found;
  }

  /** Writes what is not written yet of all ended tasks. Resolves with what the registry's own snapshot says of them. */
  async write(
    log: EventLog,
    { version, position }: { readonly version: string; readonly position: number },
    ended: readonly EndedTask[],
  ): Promise<EndedSeries> {
    const series = this.#series;
    for (let at = this.#full * pageTasks; at < ended.length; at += pageTasks) {
      const tasks = ended.slice(at, at + pageTasks);
      const page: Page = { series, tasks };
      await log.writeSnapshot(pageName(at / pageTasks), { version, position, state: page });
      if (tasks.length === pageTasks) this.#full = at / pageTasks + 1;
    }
    return { series, count: ended.length };
  }
}
