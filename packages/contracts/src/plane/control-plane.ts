import type { ReadContentOptions } from '../artifacts/artifact-store.ts';
import type { Decision } from '../vocabulary/approval.ts';
import type { CallOptions } from '../base/call-options.ts';
import type { AgentRuntimeError } from '../base/errors.ts';
import type { EventFamily } from '../log/event-family.ts';
import type { AppendOptions, AppendResult, EventEnvelope, NewEvent, StoredEvent } from '../log/event-log.ts';
import type { TaskEvent } from '../events/task-events.ts';
import type { InstructionLevel, Part } from '../vocabulary/instruction.ts';
import type { RunOutcome } from '../vocabulary/outcome.ts';
import type { SubmitRequest } from '../vocabulary/task-spec.ts';
import type { Artifact, ArtifactSource, GarbageOptions, GarbageReport, PutArtifactOptions } from './artifact.ts';
import type { PlaneInfo } from './plane-info.ts';
import type { RemovalReport, RemoveOptions, Retention } from './removal.ts';
import type { RuntimeReport } from './runtime-report.ts';
import type { TaskStatus, TaskView } from './task-view.ts';

/** An event as readers get it, with the cursor after which it is the last one read. */
export type CursoredEvent<E extends NewEvent = StoredEvent> = E & { readonly cursor: string };

/** An event of a task's stream, as readers get it. */
export type TaskStreamEvent = TaskEvent & EventEnvelope & { readonly cursor: string };

/** Who waits for the end of a task. */
export interface WaitOptions extends CallOptions {
  /**
   * The run whose agent waits: the value of RUNTIME_RUN_ID in its environment. Meanwhile its task lends what it holds to
   * those that it waits for in the end. A wait that could never end is CONFLICT, and the task that was waited for goes
   * on. A run that is unknown or has ended is ignored. @default none
   */
  readonly waitingRunId?: string;
}

/** From where, and how far, events are read. `waitingRunId` counts while the events of one task are followed. */
export interface EventsOptions extends WaitOptions {
  /** Reads what follows this `cursor` of an event; `'now'` skips the past. @default from the beginning */
  readonly after?: string;
  /** Also waits for events that are appended later. @default true */
  readonly follow?: boolean;
  /** Only events of these types; `tool.*` is every type that begins with `tool.`; at most 64. The end of a task ends a reading also where it is not shown. @default all */
  readonly types?: readonly string[];
}

/** Which tasks are listed. */
export interface ListOptions extends CallOptions {
  /** Only tasks whose id holds this text. @default all */
  readonly idPart?: string;
  /** Only tasks with this workspace: an absolute path with links resolved, as tasks have it. @default all */
  readonly workspace?: string;
  /** Only tasks with all of these labels. @default all */
  readonly labels?: Readonly<Record<string, string>>;
  /** Only tasks with one of these. @default all */
  readonly status?: readonly TaskStatus[];
  /** Only tasks that come after this one in the list, by its id: the last of a page gives the next. @default all */
  readonly after?: string;
  /** At most this many, newest first. @default 1000 */
  readonly limit?: number;
}

/** Which runtimes are looked for, and where. */
export interface RuntimesOptions extends CallOptions {
  /** Asks again, instead of giving the last answer. @default false */
  readonly refresh?: boolean;
  /** Runtimes by id, as in a request. @default those that the plane was opened with */
  readonly definitions?: SubmitRequest['definitions'];
  /** As in a request. @default the environment of the plane */
  readonly environment?: SubmitRequest['environment'];
}

/** Recorded with the act. */
export interface ActOptions extends CallOptions {
  /** Who asks; at most 200 characters. `runtime`, `plane` and `clock` are the plane's own names. @default 'api' */
  readonly by?: string;
  /** At most 2000 characters. */
  readonly why?: string;
}

/** How an owner is asked to leave. */
export interface LeaveOptions extends ActOptions {
  /**
   * Whether another owner is about to follow. With `false` the clients that are connected learn that the owner was
   * stopped: the `details.successor` of their UNAVAILABLE is false. @default true
   */
  readonly successor?: boolean;
}

/** How an instruction is sent. */
export interface SendOptions extends CallOptions {
  /** Same key, same effect: sending again returns the first receipt. The same key with other content is CONFLICT. */
  readonly key?: string;
  /** Unix ms after which it is declined instead of sent. */
  readonly expiresAt?: number;
  /** Declined unless this turn is running when it is sent. */
  readonly ifTurn?: string;
  /** Who asks, for the record. @default 'api' */
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
   * OUTCOME_UNKNOWN when there is no evidence and none will come, or the task ended before.
   */
  reached(level: 'accepted' | 'delivered' | 'observed', options?: CallOptions): Promise<void>;
}

/**
 * A task, by id: the same handle before and after a restart. Making one costs nothing; a task that is not there is
 * NOT_FOUND at the first call.
 */
export interface TaskHandle {
  readonly id: string;
  /** What is shown of the task now, folded from the log. */
  status(options?: CallOptions): Promise<TaskView>;
  /**
   * Replays, follows, and ends by itself after `task.ended`. The log is the buffer: a slow reader slows neither the
   * agent nor other readers.
   * Aborting `signal` ends it without a throw. A plane that is closed, lost or left by its owner ends it with
   * UNAVAILABLE, wherever it is: a reader that was not told of an end goes on after its last cursor, at the next owner.
   * NOT_FOUND where the task is removed before its end was read.
   */
  events(options?: EventsOptions): AsyncIterable<TaskStreamEvent>;
  /**
   * What was kept of the task so far, in the order of storing; of one name the last. The list is complete and final once
   * the task has ended.
   */
  artifacts(options?: CallOptions): AsyncIterable<Artifact>;
  /**
   * Keeps something with the task, under a name of its own; one that it has already is replaced. Resolves when both the
   * bytes and the name are durable. INVALID_ARGUMENT for a name that no artifact may have, for more than `maxPutBytes`
   * bytes, and for what is no regular file or changes while it is read; NOT_FOUND without the file; CONFLICT after the
   * end.
   */
  putArtifact(name: string, source: ArtifactSource, options?: PutArtifactOptions): Promise<Artifact>;
  /** Waits for the end. Aborting `signal` ends the waiting, never the task; UNAVAILABLE as for `events`. */
  outcome(options?: WaitOptions): Promise<RunOutcome>;
  /**
   * Sends an instruction into the running turn. Resolves when it is durable, not when the agent has it: see
   * `Receipt.reached`.
   * While the task's check runs it is for a run after that. CONFLICT after the end, UNSUPPORTED where the runtime cannot
   * be steered.
   */
  steer(input: string | readonly Part[], options?: SendOptions): Promise<Receipt>;
  /** Sends an instruction for after the running turn. Errors and durability as for `steer`. */
  followUp(input: string | readonly Part[], options?: SendOptions): Promise<Receipt>;
  /**
   * Ends the turn and keeps the session: the task then waits for an instruction. UNSUPPORTED where the runtime cannot
   * do that.
   */
  interrupt(options?: ActOptions): Promise<void>;
  /**
   * Ends the work. Resolves when the intent is durable, which then holds for good; repeatable, also
   * after the task was cancelled. CONFLICT when it has ended otherwise.
   */
  cancel(options?: ActOptions): Promise<void>;
  /** Takes no more instructions: the task ends when the agent rests. Repeatable. */
  close(options?: ActOptions): Promise<void>;
  /** Answers an approval, once: the same answer again is fine, a different one is CONFLICT. */
  answer(approvalId: string, decision: Decision, options?: ActOptions): Promise<void>;
  /**
   * Removes the task for good: to every later call it is NOT_FOUND, and its events and the directories of its runs are
   * gone from the disk when this resolves. The bytes of its artifacts go with the next `collectGarbage`.
   * CONFLICT for a task that has not ended, and for one that an unfinished task continues. EXHAUSTED where the log has no
   * room to be written anew: the task is removed all the same, and the rest of it later.
   */
  remove(options?: RemoveOptions): Promise<RemovalReport>;
}

/** Events for observers that need no guarantee: after an error or a restart they miss some. `events()` misses none. */
export interface PlaneEvents {
  'task.ended': (event: { readonly taskId: string; readonly outcome: RunOutcome }) => void;
  /** Every event as it becomes visible. */
  event: (event: CursoredEvent) => void;
}

/** The plane, in this process or behind a socket: one interface, one suite. */
export interface ControlPlane extends AsyncDisposable {
  /**
   * Submits a task. Resolves when it is durable.
   * INVALID_ARGUMENT for a bad request, NOT_FOUND for a runtime that is neither defined nor known, UNSUPPORTED for a
   * definition where the plane makes no adapters, CONFLICT for a key that was used for another request.
   */
  submit(request: SubmitRequest, options?: CallOptions): Promise<TaskHandle>;
  /** A handle by id. A task that does not exist is NOT_FOUND at the first call. */
  task(id: string): TaskHandle;
  /** Tasks as they are shown, newest first. */
  tasks(options?: ListOptions): Promise<readonly TaskView[]>;
  /** The events of the whole log, all streams in order of position. It ends as those of a task, which see. */
  events(options?: EventsOptions): AsyncIterable<CursoredEvent>;
  /**
   * The bytes that a URI names: `artifact://<taskId>/<name>`, or `artifact://sha256/<hex>`. INVALID_ARGUMENT for what is
   * no such URI, NOT_FOUND for a task, a name or bytes that are not there, and as for `Artifact.body`.
   */
  readArtifact(uri: string, options?: ReadContentOptions): AsyncIterable<Uint8Array>;
  /**
   * Removes the bytes that no task names, such as those of an artifact whose owner died before it was recorded. What is
   * stored meanwhile stays. Aborting `signal` ends it between contents.
   */
  collectGarbage(options?: GarbageOptions): Promise<GarbageReport>;
  /**
   * Removes ended tasks by their age, number or size, those that ended first first; of several limits each one holds.
   * Tasks that an unfinished one continues stay. As `TaskHandle.remove` otherwise. INVALID_ARGUMENT without a limit.
   */
  prune(retention: Retention, options?: RemoveOptions): Promise<RemovalReport>;
  /**
   * What `probe()` found: of the runtimes in `definitions`, else of those that the plane was opened with, in their
   * order. UNSUPPORTED for definitions where the plane makes no adapters.
   */
  runtimes(options?: RuntimesOptions): Promise<readonly RuntimeReport[]>;
  info(options?: CallOptions): Promise<PlaneInfo>;
  /**
   * Appends events of the families that the plane was opened with to one stream of theirs, as one atomic batch. Durable
   * when it resolves, and then in every `state()`. Appends take effect in the order of the calls.
   * INVALID_ARGUMENT for a type that no family has or that is the plane's own, for a stream that its family may not
   * write, and for an event that its schema refuses, above `maxFamilyEventBytes` or `maxFamilyEventDepth`; CONFLICT when
   * `expected` is not the revision; EXHAUSTED when the disk is full. Nothing is appended then. OUTCOME_UNKNOWN when the
   * log failed under it.
   * UNSUPPORTED for a client: only the process that opened the plane appends, through what `openControlPlane` returned.
   */
  append(
    stream: string,
    events: readonly NewEvent[],
    options?: Pick<AppendOptions, 'expected' | 'signal'>,
  ): Promise<AppendResult>;
  /**
   * The state of a family that the plane was opened with, by its name and version: the fold of the log up to the last
   * append that was acknowledged before this call. Do not change it. The first call folds what came after the last
   * snapshot, which is the whole log for a family that is new to it; later calls fold what came since.
   * NOT_FOUND for another family, or another version. INTERNAL where its fold threw (`details`: `family`, `position`,
   * `type`), until the plane is opened with one that does not; other families go on. UNSUPPORTED for a client.
   * Aborting `signal` ends the waiting; what has been folded stays.
   */
  state<State>(family: EventFamily<State>, options?: CallOptions): Promise<State>;
  /**
   * Asks the owner to leave the data directory to another one: it closes its plane, and agents go on. Resolves once it
   * has agreed, which is before it is gone. UNSUPPORTED for an owner that decides for itself (`PlaneInfo.leaves`).
   */
  leave(options?: LeaveOptions): Promise<void>;
  /** Adds a listener. Removing the last one stops the watching, and adding one again starts it. */
  on<K extends keyof PlaneEvents>(name: K, listener: PlaneEvents[K]): this;
  off<K extends keyof PlaneEvents>(name: K, listener: PlaneEvents[K]): this;
  /**
   * Resolves once the plane cannot be used any more, and never rejects: `undefined` after `close()`, otherwise the
   * reason, for instance a log that cannot be written (the owner should exit; a new one takes over) or an owner that
   * went away.
   */
  readonly closed: Promise<AgentRuntimeError | undefined>;
  /** Releases the socket of a client, or log and lock of the owner. No agent is ended. Repeatable. */
  close(): Promise<void>;
}
