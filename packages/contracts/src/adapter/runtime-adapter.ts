import type { ApprovalPolicy, Decision } from '../vocabulary/approval.ts';
import type { CallOptions } from '../base/call-options.ts';
import type { Attach } from '../vocabulary/attach.ts';
import type { RuntimeCapabilities } from '../vocabulary/capabilities.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import type { SessionEvent } from '../events/session-events.ts';
import type { Exit, RuntimeHandle, specVersion } from '../vocabulary/handle.ts';
import type { Instruction } from '../vocabulary/instruction.ts';
import type { Target } from '../vocabulary/target.ts';

/** What was found on this machine. */
export interface AgentRuntime {
  readonly status: 'available';
  readonly id: string;
  /** The backend's own version, or 'unknown'. */
  readonly version: string;
  readonly capabilities: RuntimeCapabilities;
  /** Models that can be named in a target, where the backend lists them cheaply. */
  readonly models?: readonly string[];
}

/** Why it cannot be used here, and what a person can do. */
export interface Unavailable {
  readonly status: 'unavailable';
  readonly id: string;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string;
}

/** Everything that an adapter needs to start a run. */
export interface Launch {
  readonly handle: RuntimeHandle;
  /** Absolute, existing. */
  readonly workspace: string;
  readonly target: Target;
  /**
   * What opens the run. With `firstInstruction: 'launch'` the adapter hands it to the process;
   * with `'send'` it is for information, and the plane calls `send` once the session is there.
   */
  readonly instruction: Instruction;
  /** The conversation to pick up, with the run directory of the run that held it last. */
  readonly resume?: { readonly agentSessionId: string; readonly runDir: string };
  /** The complete environment of the agent, with the run's marker. Nothing else is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Values that must not appear in events. */
  readonly secrets: readonly string[];
  /**
   * The most output on the disk, in bytes. An adapter whose run writes files sees to it that they do not grow far beyond
   * this, whether an owner lives or not, and ends the events there: the plane then stops the run. @default no limit
   */
  readonly maxOutputBytes?: number;
  readonly approvals?: ApprovalPolicy;
  /**
   * How many times longer than by its own limits the adapter waits for the backend to get ready: 1 at first, more after
   * starts that failed, since a healthy backend may be slow. @default 1
   */
  readonly patience?: number;
}

/** Opaque to the plane: where an adapter's source stands. At most 500 characters. */
export type SourceCursor = string;

/**
 * The events of one record of the source. They are appended atomically, up to 1024 events and 8 MiB of JSON; more of
 * them in several appends, and an owner that dies between these reads the record again from its beginning.
 */
export interface SourceBatch {
  readonly cursor: SourceCursor;
  /** May be empty: the cursor alone moves. */
  readonly events: readonly SessionEvent[];
  /**
   * Unix ms at which the record was written, where the source knows it exactly, as by the time of a file whose last
   * record it is. Time limits are held to it when the record is read late.
   */
  readonly at?: number;
}

/** `absent`, `dead` and `unknowable` are different answers: only `absent` allows a new start without a doubt. */
export type Recovery =
  /** The process lives and is ours again. */
  | { readonly status: 'live'; readonly session: RuntimeSession }
  /** It ended and its exit was seen; the session drains what it left, then ends. */
  | { readonly status: 'ended'; readonly session: RuntimeSession }
  /** It is provably gone without a seen exit; the session drains what it left, then ends. */
  | { readonly status: 'dead'; readonly session: RuntimeSession }
  /** It never began, and now never will: the claim is ours. */
  | { readonly status: 'absent' }
  | { readonly status: 'unknowable'; readonly reason: string };

/**
 * The code that turns a backend into an `AgentRuntime`: a tagged plain object made by a factory, `pi(options)`.
 * Everything it must remember is in the handle and the run's directory: it keeps no state between calls,
 * so that another process can call `recover` and `reap` for a run that this one started.
 */
export interface RuntimeAdapter {
  readonly specVersion: typeof specVersion;
  /** The runtime's id, by which targets name it. */
  readonly id: string;
  /**
   * Names of variables that the backend may need from the caller's environment, such as provider keys. Nothing beyond
   * these, the default list and the task's own is passed on.
   */
  readonly passEnvironment?: readonly string[];
  /**
   * The longest that the adapter by itself waits for the backend to get ready, in ms: the plane waits longer than that.
   * @default the plane's limit alone counts
   */
  readonly startupMs?: number;

  /**
   * Finds the backend. May run the binary for its version or a handshake; opens no session and calls no model.
   * Never throws for a backend that is not there: that is `Unavailable`. Answers within 20 s; results are cached by the
   * plane, for each environment.
   */
  probe(options?: ProbeOptions): Promise<AgentRuntime | Unavailable>;

  /**
   * Starts the run's process, exactly once for a handle: a second start of the same handle is CONFLICT.
   * Resolves once instructions can be sent (with `firstInstruction: 'launch'`: once the process has its instruction).
   * Throws UNAVAILABLE or EXHAUSTED when the run provably did not begin by the runtime's fault: the plane starts it
   * again, and the circuit breaker counts. Throws INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, UNSUPPORTED or
   * UNAUTHENTICATED for a launch that fails by the task's fault, such as a model or a session that does not exist: it is
   * not repeated, and not counted. After any other code an instruction that went with the launch is taken as half done.
   * After a throw no process of the run may be left, unless its directory is gone: that may have been moved to another
   * owner. The plane calls `reap` as well, where it still is the owner.
   * Aborting `signal` ends the waiting and what was begun.
   */
  start(launch: Launch, options?: CallOptions): Promise<RuntimeSession>;

  /**
   * Finds out what became of a run that an earlier owner started. Never guesses. Throws only when it could not look.
   */
  recover(handle: RuntimeHandle, options?: RecoverOptions): Promise<Recovery>;

  /**
   * Resolves once no process of the run is left: none that was marked by it, `setsid` or not.
   * Repeatable; needs no live session; a run that never began is fine. Throws OUTCOME_UNKNOWN when something is left.
   */
  reap(handle: RuntimeHandle, options?: CallOptions): Promise<void>;
}

/** For whom a backend is looked for. */
export interface ProbeOptions extends CallOptions {
  /**
   * The variables that a run would get: a program without a path is looked up on this PATH, and asked for its version
   * with these; a relative entry counts from the directory of this process. @default those of this process
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What recovering needs beside the handle. */
export interface RecoverOptions extends CallOptions {
  /** As in `Launch.secrets`: values that must not appear in events. */
  readonly secrets?: readonly string[];
}

/** Options of `RuntimeSession.events`. */
export interface ReadEventsOptions extends CallOptions {
  /** The cursor of a batch: events up to it are not given again. @default from the first record */
  readonly after?: SourceCursor;
  /** False: ends where the source stands, instead of waiting for more. @default true */
  readonly follow?: boolean;
}

/** One live run. Disposing it detaches and never kills: the process goes on and can be recovered. */
export interface RuntimeSession extends AsyncDisposable {
  /** Final: nothing changes them after the session was handed out. */
  readonly capabilities: RuntimeCapabilities;
  /** The backend's own version, or 'unknown'. */
  readonly version: string;
  /** The backend's own id of the conversation, as soon as it is known. Never made up by us. */
  readonly agentSessionId?: string;
  /** How a person joins the run at its terminal; left out where there is none. Final, like the capabilities. */
  readonly attach?: Attach;

  /**
   * What happens, in order, from the first record or after `after`; ends by itself once the process ended and
   * everything it left was read.
   * At most one reader at a time (CONFLICT). The source is a file that outlives us: a slow reader slows neither the
   * agent nor the plane.
   * After `after` a replay gives the very same events. Aborting `signal` ends the iteration without a throw.
   * With `follow: false` it ends where the source stands now: the plane reads so before it acts on a time limit, and
   * then goes on with another iteration. One that follows all the same is aborted after a while.
   */
  events(options?: ReadEventsOptions): AsyncIterable<SourceBatch>;

  /**
   * Hands an instruction to the backend, with its id where there is a place for it. Resolves once the bytes are handed
   * over; the evidence of what became of it comes as `instruction.*` events. Calls may overlap: the adapter puts them
   * in order.
   * Throws UNSUPPORTED beyond the capabilities, CONFLICT when its condition does not hold (then nothing was sent),
   * INVALID_ARGUMENT for what cannot be handed over, UNAUTHENTICATED or UNAVAILABLE when provably nothing was sent,
   * OUTCOME_UNKNOWN otherwise; the plane treats any other code as OUTCOME_UNKNOWN.
   */
  send(instruction: Instruction, options?: CallOptions): Promise<void>;

  /** Delivers a decision. Repeating the same one does no harm. NOT_FOUND when the backend no longer waits for it. */
  answer(approvalId: string, decision: Decision | 'cancelled', options?: CallOptions): Promise<void>;

  /**
   * Ends the running turn and empties the backend's queue; the session stays. Resolves when the backend rests. No turn:
   * resolves at once.
   */
  interrupt(options?: CallOptions): Promise<void>;

  /**
   * Ends the agent: asks it to, waits `graceMs` (default 5000), then kills its whole tree. Resolves once no process of
   * the run is left, with the exit as it was seen. Repeatable, and at once for a session that has ended. Aborting
   * `signal` stops the waiting, not the ending.
   * Throws OUTCOME_UNKNOWN if the processes could not be observed.
   */
  stop(options?: CallOptions & { readonly graceMs?: number }): Promise<Exit>;
}
