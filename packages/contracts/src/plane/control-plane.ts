import type { AgentRuntime, Unavailable } from '../adapter/runtime-adapter.ts';
import type { Decision } from '../vocabulary/approval.ts';
import type { CallOptions } from '../base/call-options.ts';
import type { AgentRuntimeError } from '../base/errors.ts';
import type { EventEnvelope, NewEvent, StoredEvent } from '../log/event-log.ts';
import type { TaskEvent } from '../events/task-events.ts';
import type { InstructionLevel, Part } from '../vocabulary/instruction.ts';
import type { RunOutcome } from '../vocabulary/outcome.ts';
import type { SubmitRequest } from '../vocabulary/task-spec.ts';
import type { TaskStatus, TaskView } from './task-view.ts';

/** An event as readers get it, with the cursor after which it is the last one read. */
export type CursoredEvent<E extends NewEvent = StoredEvent> = E & { readonly cursor: string };

/** An event of a task's stream, as readers get it. */
export type TaskStreamEvent = TaskEvent & EventEnvelope & { readonly cursor: string };

export interface EventsOptions extends CallOptions {
  /** Exclusive: the `cursor` of an event, or 'now' to skip the past. @default from the beginning */
  readonly after?: string;
  /** Go on with what is to come. @default true */
  readonly follow?: boolean;
}

export interface ListOptions extends CallOptions {
  readonly status?: readonly TaskStatus[];
  /** At most this many, newest first. @default 1000 */
  readonly limit?: number;
}

/** Who asks, for the record. @default 'api' */
export interface ActOptions extends CallOptions {
  readonly by?: string;
  readonly why?: string;
}

export interface SendOptions extends CallOptions {
  /** Same key, same effect: sending again returns the first receipt. The same key with other content is CONFLICT. */
  readonly key?: string;
  /** Unix ms after which it is declined instead of sent. */
  readonly expiresAt?: number;
  /** Declined unless this turn is running. */
  readonly ifTurn?: string;
  readonly by?: string;
}

/** What became of an instruction. `queued` is durable when you hold the receipt. */
export interface Receipt {
  readonly taskId: string;
  readonly instructionId: string;
  /** How far it has come, by the log. */
  level(options?: CallOptions): Promise<InstructionLevel>;
  /**
   * Waits until the instruction has come at least this far.
   * Throws UNSUPPORTED at once for a level that the runtime cannot prove, CONFLICT when it was declined,
   * OUTCOME_UNKNOWN when nobody can tell any more, or the task ended before.
   */
  reached(level: 'accepted' | 'delivered' | 'observed', options?: CallOptions): Promise<void>;
}

/** A task, by id: the same handle before and after a restart. Making one costs nothing; a task that is not there is NOT_FOUND at the first call. */
export interface TaskHandle {
  readonly id: string;
  status(options?: CallOptions): Promise<TaskView>;
  /** Replays, follows, and ends by itself after `task.ended`. The log is the buffer: a slow reader slows nobody. */
  events(options?: EventsOptions): AsyncIterable<TaskStreamEvent>;
  /** Waits for the end. Aborting `signal` ends the waiting, never the task. */
  outcome(options?: CallOptions): Promise<RunOutcome>;
  /** Says something into the running turn. Resolves when it is durable with us. CONFLICT after the end; UNSUPPORTED where it cannot be steered. */
  steer(input: string | readonly Part[], options?: SendOptions): Promise<Receipt>;
  /** Says something after the running turn. */
  followUp(input: string | readonly Part[], options?: SendOptions): Promise<Receipt>;
  /** Ends the turn and keeps the session: the task then waits for an instruction. */
  interrupt(options?: ActOptions): Promise<void>;
  /** Ends the work by intent. Sticky; repeatable; resolves when the intent is durable. CONFLICT when the task ended before. */
  cancel(options?: ActOptions): Promise<void>;
  /** No more instructions: the task ends when the agent rests. */
  close(options?: ActOptions): Promise<void>;
  /** Answers an approval, once: the same answer again is fine, a different one is CONFLICT. */
  answer(approvalId: string, decision: Decision, options?: ActOptions): Promise<void>;
}

/** What the plane knows of a configured runtime. */
export type RuntimeReport = (AgentRuntime | Unavailable) & {
  readonly breaker: 'closed' | 'open' | 'half_open';
};

export interface PlaneInfo {
  readonly logId: string;
  readonly epoch: number;
  readonly pid: number;
  readonly dataDir: string;
  readonly version: string;
  /** Tasks that have not ended. */
  readonly unfinished: number;
  readonly clients: number;
}

/** For observers that need no guarantee. For everything else there is `events`. */
export interface PlaneEvents {
  'task.ended': (event: { readonly taskId: string; readonly outcome: RunOutcome }) => void;
  /** Every event as it becomes visible. */
  event: (event: CursoredEvent) => void;
}

/** The plane, in this process or behind a socket: one interface, one suite. */
export interface ControlPlane extends AsyncDisposable {
  /** Resolves when the task is durable. INVALID_ARGUMENT for a bad request, NOT_FOUND for a runtime that is not configured, CONFLICT for a reused key. */
  submit(request: SubmitRequest, options?: CallOptions): Promise<TaskHandle>;
  task(id: string): TaskHandle;
  tasks(options?: ListOptions): Promise<readonly TaskView[]>;
  /** The whole log. */
  events(options?: EventsOptions): AsyncIterable<CursoredEvent>;
  /** What `probe()` found, in the order of configuration. `refresh` asks again. */
  runtimes(options?: CallOptions & { readonly refresh?: boolean }): Promise<readonly RuntimeReport[]>;
  info(options?: CallOptions): Promise<PlaneInfo>;
  on<K extends keyof PlaneEvents>(name: K, listener: PlaneEvents[K]): this;
  off<K extends keyof PlaneEvents>(name: K, listener: PlaneEvents[K]): this;
  /**
   * Resolves, never rejects, once this can be used no more: `undefined` after `close()`, else why, for instance a log that cannot be written
   * (its owner should exit, and a new one takes over) or an owner that went away.
   */
  readonly closed: Promise<AgentRuntimeError | undefined>;
  /** Lets go: of the socket for a client, of log and lock for the owner. No agent is ended. Repeatable. */
  close(): Promise<void>;
}
