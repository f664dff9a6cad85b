import { AgentRuntimeError, type TaskEvent, type WaitingFor } from '@runtime/contracts';
import { deltaTypes } from '@runtime/contracts/adapter';
import type { TaskState } from '@runtime/contracts/fold';
import { taskStream, type AppendResult } from '@runtime/contracts/log';
import { Bell } from '../waiting/bell.ts';
import { lookAgainMs } from '../waiting/clock.ts';
import { whenThereIsRoom } from '../waiting/disk-room.ts';
import { Mutex } from '../waiting/mutex.ts';
import type { PlaneContext } from './context.ts';
import { Draft } from './draft.ts';

/** What a task needs of the plane that holds it. */
export interface TaskHost {
  /**
   * The task's state changed, or something that decides about its next start. Called in the same tick as the change.
   */
  changed(task: Task): void;
  /** Runs an append together with its fold: a snapshot taken meanwhile claims no position that is still under way. */
  track<T>(work: () => Promise<T>): Promise<T>;
  /** The log cannot be written any more: the plane must close. */
  fail(error: unknown): void;
  /** The state of a task as the log has it. */
  reload(taskId: string): Promise<TaskState>;
  /** The last conversation of an ended task, for a task that continues it. */
  conversationOf(taskId: string): Promise<Conversation | undefined>;
  /** Whether a task has an open run. */
  isRunning(taskId: string): boolean;
  /** Whether a task can do nothing before the other one has ended: it waits for that one, directly or through others. */
  isStuckBehind(taskId: string, otherId: string): boolean;
  /** Whether an unfinished task was submitted from a run of the other one, or of one below that. */
  isBelow(taskId: string, ancestorId: string): boolean;
  /** The run of a task has begun: tasks that were submitted from it may go on. */
  began(task: Task): void;
}

/** A start that is not tried before a time, because something that it needs is taken. */
interface Hold {
  /** Unix ms. */
  readonly until: number;
  readonly why: WaitingFor;
}

/** A conversation that a later run can pick up, with the run that held it last. */
export interface Conversation {
  readonly runId: string;
  readonly agentSessionId: string;
}

/**
 * One unfinished task: its folded state, and the one way in which anything is appended to its stream.
 * A new owner folds the same state from the log: there is nothing else to restore.
 */
export abstract class Task {
  readonly id: string;
  readonly ctx: PlaneContext;
  readonly host: TaskHost;
  /** Rings after every change of `state`. */
  readonly bell = new Bell();
  /** The scheduler let it start; consumed by the next start. */
  admitted = false;
  hold: Hold | undefined;
  /** The run that this process is about to launch; any other open run is an earlier owner's. */
  launching: string | undefined;
  /** Its deliverables are looked for and stored. */
  isCollecting = false;
  /** Why there is no room for its records or files. */
  noRoom: AgentRuntimeError | undefined;
  /** Why the open run, of an earlier owner, cannot be read: no adapter for it can be had. */
  unread: AgentRuntimeError | undefined;
  #state: TaskState | undefined;
  readonly #mutex = new Mutex();
  #timer: NodeJS.Timeout | undefined;

  /** Without `state` the task is new: its first event is `task.submitted`. */
  constructor(ctx: PlaneContext, host: TaskHost, id: string, state?: TaskState) {
    this.ctx = ctx;
    this.host = host;
    this.id = id;
    this.#state = state;
  }

  /** Throws INTERNAL before `task.submitted` was appended. */
  get state(): TaskState {
    if (!this.#state) throw new AgentRuntimeError('INTERNAL', `task ${this.id} has not been submitted`);
    return this.#state;
  }

  /** Looks whether there is something to do. Cheap: call it whenever anything may have changed. */
  abstract wake(): void;

  /**
   * Decides under the task's lock what to append, and appends it as one batch; an empty draft appends nothing.
   * Durable before it resolves, unless all events are increments. What `write` throws is thrown here, with nothing
   * appended.
   */
  append(write: (draft: Draft) => void): Promise<TaskState> {
    return this.#mutex.run(async () => {
      const draft = new Draft(taskStream(this.id), this.#state, this.ctx.clock());
      write(draft);
      const { events } = draft;
      if (events.length === 0) return this.state;
      for (const event of events) await this.ctx.failpoint(`append.before:${event.type}`);
      await this.host.track(async () => {
        const { last } = await this.#write(draft);
        this.#state = { ...draft.state, position: last };
        this.host.changed(this);
      });
      for (const event of events) await this.ctx.failpoint(`append.after:${event.type}`);
      this.bell.ring();
      return this.state;
    });
  }

  /** As `append`, with the events of a decision on the state. */
  transact(decide: (state: TaskState) => readonly TaskEvent[]): Promise<TaskState> {
    return this.append((draft) => {
      for (const event of decide(draft.state)) draft.push(event);
    });
  }

  /** As `transact`, for the plane's own work: waits while the disk is full, since nothing of it may be skipped. */
  record(decide: (state: TaskState) => readonly TaskEvent[]): Promise<TaskState> {
    return this.whenThereIsRoom(() => this.transact(decide));
  }

  /** As `append`, for what a source reports: waits while the disk is full. */
  recordDraft(write: (draft: Draft) => void): Promise<TaskState> {
    return this.whenThereIsRoom(() => this.append(write));
  }

  /** Repeats what the task needs while the disk is full, until the plane closes or `signal` aborts. */
  whenThereIsRoom<T>(work: () => Promise<T>, signal = this.ctx.closing): Promise<T> {
    return whenThereIsRoom(work, signal, (why) => {
      this.noRoom = why;
    });
  }

  async #write({ stream, events, time }: Draft): Promise<AppendResult> {
    const ack = events.every((event) => deltaTypes.has(event.type)) ? 'written' : 'durable';
    try {
      return await this.ctx.log.append(stream, events, { expected: this.#state?.revision ?? 0, ack, time });
    } catch (error) {
      const refusal = AgentRuntimeError.from(error);
      if (isEndOfLog(refusal) && !this.ctx.closing.aborted) this.host.fail(error);
      // The stream is further than the state in memory. What was decided on that state is refused; what is decided next
      // stands on what the log holds.
      if (refusal.code === 'CONFLICT' && this.#state) this.#state = await this.host.reload(this.id);
      throw error;
    }
  }

  /**
   * Before a process is ended, or its end believed: throws where this process is no longer the owner, or where its data
   * directory is not at its path any more. What was read there before then proves nothing, and the next owner decides.
   */
  async confirmOwner(): Promise<void> {
    try {
      await this.ctx.log.confirmWriter();
    } catch (error) {
      if (!this.ctx.closing.aborted) this.host.fail(error);
      throw error;
    }
  }

  /** What it was held for may be free: the scheduler is asked again. */
  release(): void {
    this.hold = undefined;
    this.host.changed(this);
  }

  /**
   * Wakes the task at a time (Unix ms), or earlier: it looks at the clock itself. There is one timer: the last call
   * counts, `undefined` clears it.
   */
  wakeAt(time: number | undefined): void {
    clearTimeout(this.#timer);
    if (time === undefined) return;
    const ms = Math.min(Math.max(0, time - this.ctx.clock()), lookAgainMs);
    this.#timer = setTimeout(() => this.wake(), ms);
  }

  /** Resolves once no append is under way. */
  async settled(): Promise<void> {
    this.wakeAt(undefined);
    await this.#mutex.run(() => Promise.resolve());
  }
}

/**
 * The log is poisoned or closed, or it is not known what it holds: the next owner reads the files. Any other refusal (a
 * full disk, a batch that is too large, a stream that went on) concerns its sender alone.
 */
const isEndOfLog = ({ code, details }: AgentRuntimeError): boolean =>
  details?.['poisoned'] === true || code === 'UNAVAILABLE' || code === 'OUTCOME_UNKNOWN' || code === 'DATA_CORRUPT';
