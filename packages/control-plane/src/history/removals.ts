import type { PlaneEvent } from '@runtime/contracts';
import { planeStream, type StoredEvent } from '@runtime/contracts/log';

type Pruned = Extract<PlaneEvent, { readonly type: 'log.pruned' }>;

const none: readonly string[] = [];

/** The event that says which tasks were removed; undefined for any other. */
function pruned(event: StoredEvent): Pruned | undefined {
  if (event.type !== 'log.pruned' || event.stream !== planeStream) return undefined;
  // What the log holds was checked when it was written.
  return event as StoredEvent & Pruned;
}

/** The ids of the tasks that were removed by an event. */
export const removedBy = (event: StoredEvent): readonly string[] => pruned(event)?.tasks ?? none;

/** What was removed by the log and may still be on the disk: what is left of it goes next. */
export interface SavedRemovals {
  readonly tasks: readonly string[];
  /** The directories of their runs and checks, by name. */
  readonly runs: readonly string[];
  /** Contents that only removed tasks named may still be in the store. */
  readonly uncollected: boolean;
}

/** Removals that nobody has ended yet, as the log's events make them. */
export class Removals {
  readonly #tasks = new Set<string>();
  readonly #runs = new Set<string>();
  uncollected = false;

  apply(event: StoredEvent): readonly string[] {
    const { tasks, runs } = pruned(event) ?? { tasks: none, runs: none };
    if (tasks.length > 0) this.add(tasks, runs);
    return tasks;
  }

  add(tasks: readonly string[], runs: readonly string[]): void {
    for (const id of tasks) this.#tasks.add(id);
    for (const name of runs) this.#runs.add(name);
    this.uncollected = true;
  }

  has(taskId: string): boolean {
    return this.#tasks.has(taskId);
  }

  /** What is left to do now. */
  get pending(): { readonly tasks: readonly string[]; readonly runs: readonly string[] } {
    return { tasks: [...this.#tasks], runs: [...this.#runs] };
  }

  /** These are gone from the disk. */
  done({ tasks, runs }: Pick<SavedRemovals, 'tasks' | 'runs'>): void {
    for (const id of tasks) this.#tasks.delete(id);
    for (const name of runs) this.#runs.delete(name);
  }

  get saved(): SavedRemovals {
    return { ...this.pending, uncollected: this.uncollected };
  }

  restore({ tasks, runs, uncollected }: SavedRemovals): void {
    this.add(tasks, runs);
    this.uncollected = uncollected;
  }
}
