import type { AgentRuntimeError } from '@runtime/contracts';

/** The run of a task waits for another task. */
export interface Wait {
  readonly taskId: string;
  readonly runId: string;
  readonly forId: string;
  /**
   * Ends a wait that was seen: a call or a stream that is open. Missing for one that is only possible, since the run has
   * submitted the task.
   */
  readonly refuse?: (why: AgentRuntimeError) => void;
}

/** A wait that was seen, while its call or its stream is open. */
export interface OpenWait {
  /** Aborts with CONFLICT when the wait could never end. */
  readonly refused: AbortSignal;
  end(): void;
}

/** Which runs wait for which tasks, and which may. */
export class Waits {
  readonly #by = new Map<string, Set<Wait>>();
  readonly #for = new Map<string, Set<Wait>>();
  readonly #seen = new Set<Wait>();

  /** Those that were seen, the latest last. */
  get seen(): readonly Wait[] {
    return [...this.#seen];
  }

  add(wait: Wait): void {
    if (wait.refuse) this.#seen.add(wait);
    addTo(this.#by, wait.taskId, wait);
    addTo(this.#for, wait.forId, wait);
  }

  delete(wait: Wait): void {
    this.#seen.delete(wait);
    deleteFrom(this.#by, wait.taskId, wait);
    deleteFrom(this.#for, wait.forId, wait);
  }

  /** Of the runs of a task. */
  by(taskId: string): Iterable<Wait> {
    return this.#by.get(taskId) ?? [];
  }

  for(taskId: string): Iterable<Wait> {
    return this.#for.get(taskId) ?? [];
  }

  isAwaited(taskId: string): boolean {
    return this.#for.has(taskId);
  }
}

function addTo(sets: Map<string, Set<Wait>>, id: string, wait: Wait): void {
  const waits = sets.get(id) ?? new Set<Wait>();
  sets.set(id, waits.add(wait));
}

function deleteFrom(sets: Map<string, Set<Wait>>, id: string, wait: Wait): void {
  const waits = sets.get(id);
  waits?.delete(wait);
  if (waits?.size === 0) sets.delete(id);
}
