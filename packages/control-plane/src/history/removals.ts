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

type OwnedWorktree = NonNullable<Pruned['worktrees']>[number];

/** What was removed by the log and may still be on the disk: what is left of it goes next. */
export interface LeftOvers {
  readonly tasks: readonly string[];
  /** The directories of their runs and checks, by name. */
  readonly runs: readonly string[];
  readonly worktrees: readonly OwnedWorktree[];
}

/** As a snapshot has it. */
export interface SavedRemovals extends LeftOvers {
  /** Contents that only removed tasks named may still be in the store. */
  readonly uncollected: boolean;
}

/** Whether a task is removed meanwhile. Disposing of it ends the watching. */
export interface RemovalWatch extends Disposable {
  /** Aborts once it is. */
  readonly signal: AbortSignal;
}

/** Removals that nobody has ended yet, as the log's events make them. */
export class Removals {
  readonly #tasks = new Set<string>();
  readonly #runs = new Set<string>();
  readonly #worktrees = new Map<string, OwnedWorktree>();
  readonly #watches = new Set<(gone: ReadonlySet<string>) => void>();
  uncollected = false;

  apply(event: StoredEvent): readonly string[] {
    const found = pruned(event);
    if (!found) return none;
    const { tasks, runs, worktrees = [] } = found;
    this.add({ tasks, runs, worktrees });
    return tasks;
  }

  add({ tasks, runs, worktrees }: LeftOvers): void {
    for (const id of tasks) this.#tasks.add(id);
    for (const name of runs) this.#runs.add(name);
    for (const each of worktrees) this.#worktrees.set(each.taskId, each);
    this.uncollected = true;
    const gone = new Set(tasks);
    for (const tell of this.#watches) tell(gone);
  }

  watch(taskId: string): RemovalWatch {
    const removed = new AbortController();
    const tell = (gone: ReadonlySet<string>): void => {
      if (gone.has(taskId)) removed.abort();
    };
    this.#watches.add(tell);
    return { signal: removed.signal, [Symbol.dispose]: () => this.#watches.delete(tell) };
  }

  has(taskId: string): boolean {
    return this.#tasks.has(taskId);
  }

  /** What is left to do now. */
  get pending(): LeftOvers {
    return { tasks: [...this.#tasks], runs: [...this.#runs], worktrees: [...this.#worktrees.values()] };
  }

  /** These are gone from the disk. */
  done({ tasks = [], runs = [], worktrees = [] }: Partial<LeftOvers>): void {
    for (const id of tasks) this.#tasks.delete(id);
    for (const name of runs) this.#runs.delete(name);
    for (const { taskId } of worktrees) this.#worktrees.delete(taskId);
  }

  /** Undefined where nothing is left. */
  get saved(): SavedRemovals | undefined {
    const { pending, uncollected } = this;
    const isDone = pending.tasks.length + pending.runs.length + pending.worktrees.length === 0;
    return isDone && !uncollected ? undefined : { ...pending, uncollected };
  }

  restore(saved: SavedRemovals): void {
    this.add(saved);
    this.uncollected = saved.uncollected;
  }
}
