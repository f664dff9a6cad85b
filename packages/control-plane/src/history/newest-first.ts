import type { TaskView } from '@runtime/contracts';
import type { EndedTasks } from './ended-tasks.ts';
import { isWanted, type Wanted } from './summary.ts';

/** Where a task stands among all of them. */
export type Place = Pick<TaskView, 'id' | 'submittedAt'>;

/** Which of the wanted tasks. */
export interface Slice {
  /** The task before the first one. */
  readonly after?: Place | undefined;
  readonly limit: number;
}

export function newestFirst(a: Place, b: Place): number {
  return b.submittedAt - a.submittedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/**
 * The wanted tasks, newest first: of the unfinished ones, which are asked for at the moment that the ended ones are
 * of, and of those. Reads the pages that it needs.
 */
export function listNewestFirst(
  unfinished: () => readonly TaskView[],
  ended: EndedTasks,
  wanted: Wanted,
  { after, limit }: Slice,
): Promise<readonly TaskView[]> {
  const fits = (view: TaskView): boolean =>
    isWanted(view, wanted) && (after === undefined || newestFirst(after, view) < 0);
  return ended.whole(async () => {
    const { recent, pages } = ended.all();
    let found = [...unfinished(), ...recent].filter(fits).sort(newestFirst).slice(0, limit);
    for (const page of pages.toSorted((a, b) => b.newest - a.newest)) {
      const last = found.length === limit ? found.at(-1) : undefined;
      // All that follow are older.
      if (last && last.submittedAt > page.newest) break;
      if (after && page.oldest > after.submittedAt) continue;
      if (!(await ended.mayHold(page, wanted))) continue;
      const more = (await ended.read(page)).filter(fits);
      if (more.length > 0) found = [...found, ...more].sort(newestFirst).slice(0, limit);
    }
    return found;
  });
}
