import type { ApprovalKind, Choice, Resolution } from '../vocabulary/approval.ts';
import type { Attach } from '../vocabulary/attach.ts';
import type { RuntimeCapabilities } from '../vocabulary/capabilities.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { RunMode, StopCause } from '../events/task-events.ts';
import type { Exit, RuntimeHandle } from '../vocabulary/handle.ts';
import type { InstructionLevel, InstructionMode, Part } from '../vocabulary/instruction.ts';
import type { RunOutcome } from '../vocabulary/outcome.ts';
import type { Target, TaskSpec } from '../vocabulary/task-spec.ts';
import type { RunStatus } from '../plane/task-view.ts';

export interface TurnState {
  readonly turnId: string;
  readonly startedAt: number;
}

/** One attempt on one target, as folded from the log. Times are those of the events. */
export interface RunState {
  readonly runId: string;
  readonly attempt: number;
  readonly generation: number;
  readonly mode: RunMode;
  readonly target: Target;
  readonly handle: RuntimeHandle;
  readonly status: RunStatus;
  readonly instructionId: string;
  readonly carries: readonly string[];
  readonly resumes?: { readonly runId: string; readonly agentSessionId: string };
  readonly capabilities?: RuntimeCapabilities;
  readonly version?: string;
  readonly agentSessionId?: string;
  readonly attach?: Attach;
  readonly sourceCursor?: string;
  readonly turn?: TurnState;
  readonly turns: number;
  readonly lastOutcome?: RunOutcome;
  /** Open calls: name by call id. */
  readonly tools: Readonly<Record<string, string>>;
  readonly toolsStarted: number;
  /** Sub-agents that the backend reports and that have not ended. */
  readonly children: readonly string[];
  readonly interrupted: boolean;
  readonly stopCause?: StopCause;
  /** A turn was running when the stop was decided. */
  readonly stoppedInTurn?: boolean;
  readonly outcome?: RunOutcome;
  readonly exit?: Exit;
  readonly startedAt: number;
  readonly activityAt: number;
  readonly endedAt?: number;
  readonly outputChars: number;
  /** Time with an approval open, in ms, up to the last one that closed. */
  readonly pausedMs: number;
  readonly pausedSince?: number;
  readonly stalled: boolean;
}

export interface InstructionState {
  readonly id: string;
  readonly mode: InstructionMode;
  readonly level: InstructionLevel;
  /** Left out for the prompt of the spec. */
  readonly parts?: readonly Part[];
  readonly key?: string;
  readonly runId?: string;
  readonly reason?: string;
  readonly expiresAt?: number;
  readonly ifTurn?: string;
}

export interface ApprovalState {
  readonly id: string;
  readonly kind: ApprovalKind;
  readonly runId?: string;
  readonly title: string;
  readonly message?: string;
  readonly choices: readonly Choice[];
  readonly input?: boolean;
  readonly expiresAt?: number;
  readonly resolution?: Resolution;
  readonly by?: string;
}

export interface NextAttempt {
  readonly notBefore: number;
  readonly attempt: number;
  readonly mode: RunMode;
  readonly target: Target;
  readonly reason: string;
}

/** A task as folded from its stream. */
export interface TaskState {
  readonly id: string;
  readonly spec: TaskSpec;
  readonly key?: string;
  readonly submittedAt: number;
  readonly updatedAt: number;
  readonly position: number;
  readonly revision: number;
  /** In order; the last one is the current one unless it ended. */
  readonly runs: readonly RunState[];
  /** By id, in order of their queueing; the first is the prompt. */
  readonly instructions: Readonly<Record<string, InstructionState>>;
  readonly promptId: string;
  /** By id: open ones, and those of the current run that are resolved. */
  readonly approvals: Readonly<Record<string, ApprovalState>>;
  readonly next?: NextAttempt;
  /** Targets refused since the last run began. */
  readonly rejected: readonly { readonly target: Target; readonly code: ErrorCode; readonly reason: string }[];
  readonly degradations: number;
  readonly cancel?: { readonly by: string; readonly why?: string };
  readonly closeRequested: boolean;
  readonly outcome?: RunOutcome;
  readonly endedAt?: number;
}

/** The run that has not ended, if any. */
export function currentRun(state: TaskState): RunState | undefined {
  const last = state.runs.at(-1);
  return last && last.status !== 'ended' ? last : undefined;
}

export function openApprovals(state: TaskState): ApprovalState[] {
  return Object.values(state.approvals).filter((approval) => approval.resolution === undefined);
}

const unfinishedLevels: ReadonlySet<InstructionLevel> = new Set(['queued', 'sending', 'accepted']);

/**
 * Instructions that have neither entered a turn nor been given up: they keep a run open.
 * Where the runtime can prove no more than `accepted`, an accepted one has got as far as anybody can tell.
 */
export function unfinishedInstructions(state: TaskState): InstructionState[] {
  const provesDelivery = currentRun(state)?.capabilities?.steer !== 'accepted';
  return Object.values(state.instructions).filter(
    ({ level }) => unfinishedLevels.has(level) && (level !== 'accepted' || provesDelivery),
  );
}

/** True when nothing but an instruction, a close or a clock will move this task: its agent rests and it is kept open. */
export function isResting(state: TaskState): boolean {
  const run = currentRun(state);
  if (!run || run.status !== 'active' || run.turn || run.turns === 0) return false;
  return run.children.length === 0 && unfinishedInstructions(state).length === 0 && openApprovals(state).length === 0;
}

/** True when rest does not end this task: it was asked for, or its turn was interrupted. */
export function isKeptOpen(state: TaskState): boolean {
  if (state.closeRequested || state.cancel) return false;
  return state.spec.until === 'closed' || currentRun(state)?.interrupted === true;
}
