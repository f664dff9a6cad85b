import { foldTask, type TaskState } from '@runtime/contracts/fold';
import { taskIdOf, type StoredEvent } from '@runtime/contracts/log';

/** A task as it ended, with the position of its first event. */
export interface Ended {
  readonly state: TaskState;
  readonly since: number;
}

/** The tasks that have not ended, as the log's events make them. */
export class UnfinishedTasks {
  readonly #tasks = new Map<string, Ended>();

  get size(): number {
    return this.#tasks.size;
  }

  has(id: string): boolean {
    return this.#tasks.has(id);
  }

  states(): TaskState[] {
    return [...this.#tasks.values()].map(({ state }) => state);
  }

  /** What an event makes of its task, which is to be `put`; undefined when it changes none that has not ended. */
  fold(event: StoredEvent): TaskState | undefined {
    const id = taskIdOf(event.stream);
    const known = id === undefined ? undefined : this.#tasks.get(id)?.state;
    // A snapshot may hold a task beyond its own position.
    if (id === undefined || (known && event.revision <= known.revision)) return undefined;
    return foldTask(known, event);
  }

  /** Takes a task's state, in the order of its events from the first on. Returns it when it has ended by that. */
  put(state: TaskState): Ended | undefined {
    const since = this.#tasks.get(state.id)?.since ?? state.position;
    if (!state.outcome) this.#tasks.set(state.id, { state, since });
    // What comes after an end changes nothing.
    else if (this.#tasks.delete(state.id)) return { state, since };
    return undefined;
  }
}
