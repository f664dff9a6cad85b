import { AgentRuntimeError, type TaskEvent } from '@runtime/contracts';
import { foldTask, forbids, type TaskState } from '@runtime/contracts/fold';
import { storedEvent } from '@runtime/contracts/log';

/**
 * What one decision appends to a task's stream. Each event is judged by the event table against the state that the
 * events before it make, and folded once, when it is added. All of them carry the draft's time in the log, so that
 * readers fold the very same state.
 */
export class Draft {
  readonly stream: string;
  /** Unix ms. */
  readonly time: number;
  readonly #revision: number;
  readonly #events: TaskEvent[] = [];
  #state: TaskState | undefined;
  /** The state without the last event. */
  #before: TaskState | undefined;

  constructor(stream: string, state: TaskState | undefined, time: number) {
    this.stream = stream;
    this.time = time;
    this.#state = state;
    this.#revision = state?.revision ?? 0;
  }

  get events(): readonly TaskEvent[] {
    return this.#events;
  }

  /** The task with all events of the draft. Throws INTERNAL for a task that has not been submitted. */
  get state(): TaskState {
    if (!this.#state) throw new AgentRuntimeError('INTERNAL', `${this.stream} has no task yet`);
    return this.#state;
  }

  /** Adds an event. Throws CONFLICT with `details.guard` when the event table does not allow it now. */
  push(event: TaskEvent): void {
    const guard = this.offer(event);
    if (!guard) return;
    throw new AgentRuntimeError('CONFLICT', `${event.type} is not allowed now (${guard})`, {
      details: { guard, stream: this.stream, type: event.type },
    });
  }

  /** Adds an event that the event table allows; otherwise adds nothing and returns the guard that forbids it. */
  offer(event: TaskEvent): string | undefined {
    const guard = forbids(this.#state, event);
    if (guard) return guard;
    this.#before = this.#state;
    this.#events.push(event);
    this.#fold(event);
    return undefined;
  }

  /** Changes the last event after it was added, and folds it again. */
  amendLast(amend: (event: TaskEvent) => TaskEvent): void {
    const last = this.#events.pop();
    if (!last) return;
    const amended = amend(last);
    this.#events.push(amended);
    this.#state = this.#before;
    this.#fold(amended);
  }

  /** The position is the log's to give: `Task` sets it after the append. No fold depends on it. */
  #fold(event: TaskEvent): void {
    const revision = this.#revision + this.#events.length;
    const stored = storedEvent(event, { stream: this.stream, position: 0, revision, time: this.time });
    this.#state = foldTask(this.#state, stored) ?? this.#state;
  }
}
