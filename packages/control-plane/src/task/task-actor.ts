import { AgentRuntimeError } from '@runtime/contracts';
import { deltaTypes } from '@runtime/contracts/adapter';
import { currentRun, foldTask, forbids, type TaskState } from '@runtime/contracts/fold';
import {
  taskStream,
  type Acknowledgement,
  type AppendResult,
  type NewEvent,
  type StoredEvent,
} from '@runtime/contracts/log';
import { Bell } from '../waiting/bell.ts';
import { betweenRuns } from './next-attempt.ts';
import type { PlaneContext } from './context.ts';
import { driveRun } from '../run/launch-run.ts';
import { Mutex } from '../waiting/mutex.ts';
import { whenThereIsRoom } from '../waiting/disk-room.ts';

const setAsideMs = 30_000;

/**
 * One unfinished task. All its events go through `transact`, one decision at a time; its work is one loop,
 * which looks at the folded state, does the next thing that the state asks for, and records what came of it.
 * A new owner therefore goes on exactly where the log ends: there is no other state to restore.
 */
export class TaskActor {
  readonly id: string;
  readonly ctx: PlaneContext;
  /** Rings after every change of `state`. */
  readonly bell = new Bell();
  /** Set by the scheduler; consumed by the next start. */
  admitted = false;
  /** Unix ms before which its start is not tried again: what it needs was taken. */
  heldUntil = 0;
  /** The run that this process is about to launch; any other open run is an earlier owner's. */
  launching: string | undefined;
  #state: TaskState;
  readonly #mutex = new Mutex();
  #working: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(ctx: PlaneContext, state: TaskState) {
    this.ctx = ctx;
    this.id = state.id;
    this.#state = state;
  }

  get state(): TaskState {
    return this.#state;
  }

  /**
   * Decides under the task's lock what to append, appends it, and folds it. An empty decision appends nothing.
   * Durable before it resolves, unless all events are increments. What `decide` throws is thrown here, with nothing appended.
   */
  transact(decide: (state: TaskState) => readonly NewEvent[]): Promise<TaskState> {
    return this.#mutex.run(async () => {
      const events = decide(this.#state);
      if (events.length === 0) return this.#state;
      this.#check(events);
      for (const event of events) await this.ctx.failpoint(`append.before:${event.type}`);
      const ack = events.every((event) => deltaTypes.has(event.type)) ? 'written' : 'durable';
      const stream = taskStream(this.id);
      await this.ctx.track(async () => {
        const result = await this.#append(stream, events, ack);
        const first = result.revision - events.length + 1;
        let state = this.#state;
        events.forEach((event, index) => {
          const stored: StoredEvent = {
            ...event,
            stream,
            position: result.first + index,
            revision: first + index,
            time: result.time,
          };
          state = foldTask(state, stored) ?? state;
        });
        this.#state = state;
        this.ctx.changed(this);
      });
      for (const event of events) await this.ctx.failpoint(`append.after:${event.type}`);
      this.bell.ring();
      return this.#state;
    });
  }

  async #append(stream: string, events: readonly NewEvent[], ack: Acknowledgement): Promise<AppendResult> {
    try {
      return await this.ctx.log.append(stream, events, { expected: this.#state.revision, ack });
    } catch (error) {
      // Poisoned, closed, or not known to be written: what is in memory cannot be trusted any more. The next owner reads the files.
      // What the log does not take, as too large, is its sender's own trouble.
      const { code } = AgentRuntimeError.from(error);
      if (code !== 'EXHAUSTED' && code !== 'INVALID_ARGUMENT' && !this.ctx.closing.aborted) this.ctx.fail(error);
      throw error;
    }
  }

  /** As `transact`, for the plane's own work: a full disk is waited out, since nothing of it may be skipped. */
  record(decide: (state: TaskState) => readonly NewEvent[]): Promise<TaskState> {
    return whenThereIsRoom(() => this.transact(decide), this.ctx.closing);
  }

  /** Looks whether there is something to do. Cheap; call it whenever anything may have changed. */
  wake(): void {
    this.#again = true;
    if (this.#working || this.ctx.closing.aborted || this.#state.outcome) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      // Woken between its last look and now.
      if (this.#again) this.wake();
      this.ctx.changed(this);
    });
  }

  /** Wakes it by the clock; one timer, the last call counts. */
  wakeAt(time: number | undefined): void {
    clearTimeout(this.#timer);
    if (time === undefined) return;
    const ms = Math.min(Math.max(0, time - this.ctx.clock()), 2_000_000_000);
    this.#timer = setTimeout(() => this.wake(), ms);
  }

  /** Resolves once the loop rests; for closing. */
  async settled(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#working;
    await this.#mutex.run(() => Promise.resolve());
  }

  async #work(): Promise<void> {
    try {
      while (this.#again && !this.ctx.closing.aborted && !this.#state.outcome) {
        this.#again = false;
        const run = currentRun(this.#state);
        const moved = run ? await driveRun(this, run) : await betweenRuns(this);
        if (moved) this.#again = true;
      }
    } catch (error) {
      if (!this.ctx.closing.aborted) this.#setAside(error);
    }
    if (this.#state.outcome) clearTimeout(this.#timer);
  }

  /** A task that our own code cannot go on with must not take the others with it: it is told, and looked at again later. */
  #setAside(error: unknown): void {
    const { message } = AgentRuntimeError.from(error);
    process.emitWarning(`task ${this.id} cannot go on for now: ${message}`, 'AgentRuntimeWarning');
    this.wakeAt(this.ctx.clock() + setAsideMs);
  }

  /** The plane's own events must fit the table; that they do not is a bug of ours. */
  #check(events: readonly NewEvent[]): void {
    let state: TaskState = this.#state;
    const time = this.ctx.clock();
    events.forEach((event, index) => {
      const guard = forbids(state, event);
      if (guard) {
        throw new AgentRuntimeError('CONFLICT', `${event.type} is not allowed now (${guard})`, {
          details: { guard, taskId: this.id, type: event.type },
        });
      }
      if (index === events.length - 1) return;
      const stored: StoredEvent = {
        ...event,
        stream: taskStream(this.id),
        position: state.position + 1,
        revision: state.revision + 1,
        time,
      };
      state = foldTask(state, stored) ?? state;
    });
  }
}
