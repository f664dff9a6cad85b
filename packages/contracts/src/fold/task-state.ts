import type { ApprovalKind, Choice, Resolution } from '../vocabulary/approval.ts';
import type { Attach } from '../vocabulary/attach.ts';
import type { CheckCause } from '../vocabulary/check.ts';
import type { RuntimeCapabilities } from '../vocabulary/capabilities.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import type { Usage } from '../vocabulary/usage.ts';
import type { RunMode, StopCause } from '../events/task-events.ts';
import type { Exit, RuntimeHandle } from '../vocabulary/handle.ts';
import type { InstructionLevel, InstructionMode, Part } from '../vocabulary/instruction.ts';
import type { ModelInUse } from '../vocabulary/model.ts';
import type { RunOutcome } from '../vocabulary/outcome.ts';
import type { SubmittedFrom } from '../vocabulary/submitted-from.ts';
import type { Target } from '../vocabulary/target.ts';
import type { TaskSpec } from '../vocabulary/task-spec.ts';
import type { PreservedWorktree, WorktreeOfTask } from '../vocabulary/worktree.ts';
import type { EndRequest, RunStatus } from '../plane/task-view.ts';

/** The running turn. */
export interface TurnState {
  readonly turnId: string;
  /** Unix ms. */
  readonly startedAt: number;
}

/** One attempt on one target, as folded from the log. Times are Unix ms, those of the events. */
export interface RunState {
  readonly runId: string;
  /** Counts what the retry policy counts, over all targets, from 1. */
  readonly attempt: number;
  /** Counts launches, from 1: also those that cost no attempt. */
  readonly generation: number;
  readonly mode: RunMode;
  readonly target: Target;
  readonly handle: RuntimeHandle;
  readonly status: RunStatus;
  /** The instruction that opens the run. */
  readonly instructionId: string;
  /** Earlier instructions whose text goes with it, in order. */
  readonly carries: readonly string[];
  /** The conversation that it picks up; only with mode `resume`. */
  readonly resumes?: { readonly runId: string; readonly agentSessionId: string };
  readonly capabilities?: RuntimeCapabilities;
  readonly version?: string;
  readonly agentSessionId?: string;
  readonly attach?: Attach;
  /** Of the last source record that was appended. */
  readonly sourceCursor?: string;
  readonly turn?: TurnState;
  /** Turns that have started. */
  readonly turns: number;
  /** Of the last turn that ended. */
  readonly lastOutcome?: RunOutcome;
  /** When the last turn ended, by the source's own time; left out where the source does not know. */
  readonly turnEndedAt?: number;
  /** Open calls: name by call id. */
  readonly tools: Readonly<Record<string, string>>;
  readonly toolsStarted: number;
  /** Sub-agents that the backend reports and that have not ended. */
  readonly children: readonly string[];
  /** An interrupt was asked for since the last turn started. */
  readonly interrupted: boolean;
  readonly stopCause?: StopCause;
  /** A turn was running when the stop was decided. */
  readonly stoppedInTurn?: boolean;
  readonly outcome?: RunOutcome;
  readonly exit?: Exit;
  readonly startedAt: number;
  /** The last report of the run, by the source's own time where that is known. */
  readonly activityAt: number;
  readonly endedAt?: number;
  /** Output so far: UTF-16 units of increments, and quarantined bytes. */
  readonly outputChars: number;
  /** Time with an approval open, in ms, up to the last one that closed. */
  readonly pausedMs: number;
  /** Since when an approval is open without a break. */
  readonly pausedSince?: number;
  readonly stalled: boolean;
  /** Cumulative, where the backend reports that; else the sum of its turns. */
  readonly usage?: Usage;
  /** As the backend last told it. */
  readonly model?: ModelInUse;
  /** The backend repeats a failed call; `until` is the Unix ms at which the pause before this attempt ends. */
  readonly retry?: { readonly attempt: number; readonly until: number; readonly reason: string };
  /** The backend compacts its context. */
  readonly compaction?: { readonly reason: string };
}

/** An instruction and how far it has come. */
export interface InstructionState {
  readonly id: string;
  readonly mode: InstructionMode;
  readonly level: InstructionLevel;
  /** Left out for the prompt of the spec. */
  readonly parts?: readonly Part[];
  readonly key?: string;
  /** The last run that it was for. */
  readonly runId?: string;
  /** Why it was declined, or is unknown. */
  readonly reason?: string;
  readonly expiresAt?: number;
  readonly ifTurn?: string;
}

/** A question to a person, open until it has a `resolution`. */
export interface ApprovalState {
  readonly id: string;
  readonly kind: ApprovalKind;
  /** Left out for a question of the plane itself. */
  readonly runId?: string;
  readonly title: string;
  readonly message?: string;
  readonly choices: readonly Choice[];
  readonly input?: boolean;
  readonly expiresAt?: number;
  readonly resolution?: Resolution;
  readonly by?: string;
}

/** A check of a task's work. */
export interface CheckState {
  readonly checkId: string;
  /** The run whose work it checks. */
  readonly runId: string;
  readonly round: number;
  /** How often it was started in this round. */
  readonly starts: number;
  /** Unix ms. */
  readonly startedAt: number;
  /** Left out while it runs. */
  readonly ok?: boolean;
  readonly exit?: Exit;
  /** Left out for one that ended by itself. */
  readonly cause?: CheckCause;
  /** Why it could not be run. */
  readonly message?: string;
}

/** The attempt that a task waits for. */
export interface NextAttempt {
  /** Unix ms. */
  readonly notBefore: number;
  readonly attempt: number;
  readonly mode: RunMode;
  readonly target: Target;
  readonly reason: string;
}

/** A file that a tool of the backend wrote. */
export interface WrittenFile {
  readonly path: string;
  readonly kind: 'work' | 'output';
  /** Of the run that wrote it last. */
  readonly generation: number;
}

/** How many files that tools wrote a task remembers. */
export const maxWritten = 256;

/** The worktree of a task. */
export interface WorktreeState extends WorktreeOfTask {
  /** What was preserved of it last. */
  readonly preserved?: PreservedWorktree;
  /** How many runs there were when it was restored last. */
  readonly restoredAfter?: number;
}

/** A task as folded from its stream. */
export interface TaskState {
  readonly id: string;
  readonly spec: TaskSpec;
  readonly key?: string;
  /** Who submitted it. */
  readonly by?: string;
  /** The runs that it was submitted from, the nearest first. */
  readonly ancestors?: readonly SubmittedFrom[];
  readonly submittedAt: number;
  readonly updatedAt: number;
  /** Of the last event: its number in the log. */
  readonly position: number;
  /** Of the last event: its number in the stream. */
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
  /** How often the task went to its next target. */
  readonly degradations: number;
  readonly cancel?: EndRequest;
  readonly close?: EndRequest;
  /** The beginning of the last whole message. */
  readonly lastMessage?: string;
  /** Of all artifacts that were stored, also of those that another one of the same name replaced. */
  readonly artifacts?: { readonly count: number; readonly bytes: number };
  /** What its tools wrote, each path once, at most `maxWritten`; gone once it has ended. */
  readonly written?: readonly WrittenFile[];
  /** How many more they wrote. */
  readonly writtenOmitted?: number;
  /** Once it was made. */
  readonly worktree?: WorktreeState;
  /** The last one. */
  readonly check?: CheckState;
  /** Of the `maxRounds` of its check. */
  readonly roundsUsed?: number;
  readonly outcome?: RunOutcome;
  readonly endedAt?: number;
}

/** The run that has not ended, if any. */
export function currentRun(state: TaskState): RunState | undefined {
  const last = state.runs.at(-1);
  return last && last.status !== 'ended' ? last : undefined;
}

/** The check that has not ended, if any. */
export function openCheck({ check }: TaskState): CheckState | undefined {
  return check?.ok === undefined ? check : undefined;
}

/** Whether the work of the last run succeeded and its check has not decided yet: it is due, or it runs. */
export function isBeingChecked(state: TaskState): boolean {
  const { spec, runs, check, next, outcome } = state;
  const run = runs.at(-1);
  if (!spec.check || outcome || next || run?.outcome?.status !== 'succeeded') return false;
  return check?.runId !== run.runId || check.ok === undefined;
}

/** Approvals that have no resolution yet, in the order of their requests. */
export function openApprovals(state: TaskState): ApprovalState[] {
  return Object.values(state.approvals).filter((approval) => approval.resolution === undefined);
}

const unfinishedLevels: ReadonlySet<InstructionLevel> = new Set(['queued', 'sending', 'accepted']);

/**
 * Instructions that have neither entered a turn nor been declined: they keep a run open.
 * On a runtime that can prove no more than `accepted`, an accepted instruction counts as finished.
 */
export function unfinishedInstructions(state: TaskState): InstructionState[] {
  const provesDelivery = currentRun(state)?.capabilities?.steer !== 'accepted';
  return Object.values(state.instructions).filter(
    ({ level }) => unfinishedLevels.has(level) && (level !== 'accepted' || provesDelivery),
  );
}

/** Whether the agent rests: it has had a turn, and no turn, child, instruction or approval is open. */
export function isResting(state: TaskState): boolean {
  const run = currentRun(state);
  if (!run || run.status !== 'active' || run.turn || run.turns === 0) return false;
  return run.children.length === 0 && unfinishedInstructions(state).length === 0 && openApprovals(state).length === 0;
}

/** Whether the task stays open while its agent rests: it was submitted so, or its turn was interrupted. */
export function isKeptOpen(state: TaskState): boolean {
  if (state.close || state.cancel) return false;
  return state.spec.until === 'closed' || currentRun(state)?.interrupted === true;
}
