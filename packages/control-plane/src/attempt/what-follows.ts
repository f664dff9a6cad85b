import {
  outcomeCode,
  type ErrorCode,
  type FailedOutcome,
  type OutcomeCode,
  type RunMode,
  type RunOutcome,
  type Target,
} from '@runtime/contracts';
import type { RunState, TaskState } from '@runtime/contracts/fold';
import { isLimited, limitWaitMs, outlastsDeadline } from './limit-wait.ts';
import { neverBegan, wasRefused } from './never-began.ts';

/** What follows when no run is open, as plain data: `between-runs` turns it into events. */
export type NextStep =
  | { readonly kind: 'end'; readonly outcome: RunOutcome }
  | {
      readonly kind: 'schedule';
      readonly mode: RunMode;
      readonly target: Target;
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
    }
  | { readonly kind: 'ask'; readonly reason: string };

/**
 * What follows now that no run, attempt or question of the task is open. `random` is 0..1, for the jitter of a delay.
 */
export function nextStep(state: TaskState, random: number): NextStep {
  const step = stepAfter(state, random);
  const isAnew = step.kind === 'schedule' && (step.mode === 'restart' || step.mode === 'degrade');
  const hasBegun = state.runs.some(({ turns }) => turns > 0);
  if (!isAnew || !hasBegun || state.spec.onRestart !== 'refuse' || isChosen(state)) return step;
  return { kind: 'end', outcome: state.runs.at(-1)?.outcome ?? { status: 'lost', code: 'unknown' } };
}

/** A person has answered what is to follow. */
const isChosen = ({ approvals, rejected }: TaskState): boolean =>
  rejected.length === 0 && Object.values(approvals).some(({ kind, resolution }) => kind === 'recovery' && resolution);

function stepAfter(state: TaskState, random: number): NextStep {
  const run = state.runs.at(-1);
  const answered = Object.values(state.approvals).findLast(
    (approval) => approval.kind === 'recovery' && approval.resolution,
  );
  if (state.rejected.length > 0) return afterRejection(state, (run?.attempt ?? 0) + 1);
  if (answered?.resolution) {
    const { resolution } = answered;
    return afterRecoveryAnswer(state, resolution.kind === 'cancelled' ? undefined : resolution.decision.choice);
  }
  if (run) return afterRun(state, run, random);
  return { kind: 'end', outcome: { status: 'failed', code: 'unavailable', message: 'No runtime is left to try' } };
}

const sameTarget = (a: Target, b: Target): boolean =>
  a.runtime === b.runtime && a.model === b.model && a.thinking === b.thinking && a.mode === b.mode;

/** The next target in the task's order of preference, if there is one. */
export function targetAfter(state: TaskState, target: Target): Target | undefined {
  const index = state.spec.runtimes.findIndex((each) => sameTarget(each, target));
  return state.spec.runtimes[index + 1];
}

/**
 * The delay before the next attempt, in ms: exponential, capped, with jitter between half and the whole. `random` is
 * 0..1.
 */
export function backoffMs(state: TaskState, failures: number, random: number): number {
  const { baseDelayMs, maxDelayMs } = state.spec.retry;
  const full = Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(full / 2 + (full / 2) * random);
}

/** Whether the owner provably died before the process was spawned: the new start costs no attempt then. */
const wasAbsent = (run: RunState): boolean => run.outcome?.status === 'lost' && run.outcome.code === 'unavailable';

const degradesByItself: ReadonlySet<OutcomeCode> = new Set(['auth', 'quota', 'unmet_needs', 'invalid_request']);
const interruptedWork: ReadonlySet<OutcomeCode> = new Set(['crashed', 'killed', 'unknown', 'unavailable']);
const resumable: ReadonlySet<OutcomeCode> = new Set(['model_error', 'timeout']);

/** What follows the end of a run: the task's end, another attempt, the next target, or a question to a person. */
export function afterRun(state: TaskState, run: RunState, random: number): NextStep {
  const outcome: RunOutcome = run.outcome ?? { status: 'lost', code: 'unknown' };
  const end: NextStep = { kind: 'end', outcome };
  if (outcome.status === 'succeeded' || outcome.status === 'cancelled') return end;
  // A log from before outcomes had to name a code may hold one without.
  const code = outcome.code ?? 'unknown';
  // The task's own setting comes before the default, where there is a next target.
  const asked = degradeAsked(state, code) ? degradeOr(state, run, end, outcome) : end;
  if (outcome.status === 'timed_out') return asked;
  if (wasAbsent(run)) {
    return {
      kind: 'schedule',
      mode: run.mode,
      target: run.target,
      attempt: run.attempt,
      delayMs: 0,
      reason: 'The run had not begun',
    };
  }
  if (isLimited(outcome)) return afterLimit(state, run, outcome, random);
  const isFutileResume = code === 'invalid_request' && earlierTurns(state, run);
  if (degradesByItself.has(code) && !isFutileResume) return degradeOr(state, run, end, outcome);
  if (neverBegan(run, state)) return afterFailedStart(state, run, outcome, random);
  if (asked !== end) return asked;
  if (run.attempt >= state.spec.retry.maxAttempts) return end;
  const broken = outcome.status === 'lost' || interruptedWork.has(code);
  if (run.turn === undefined && run.lastOutcome && code === 'unknown' && outcome.status !== 'lost') return end;
  if (!broken && !resumable.has(code)) return end;
  const wait = backoffMs(state, run.attempt, random);
  if (canResume(state, run)) return again(run, 'resume', wait, code);
  const restart = again(run, 'restart', wait, code);
  return broken ? recoverBy(state, run, restart) : restart;
}

const again = (run: RunState, mode: RunMode, delayMs: number, reason: string): NextStep => ({
  kind: 'schedule',
  mode,
  target: run.target,
  attempt: run.attempt + 1,
  delayMs,
  reason,
});

/** Whether this run was to pick up a conversation of the same task, and a turn of it never began. */
const earlierTurns = (state: TaskState, run: RunState): boolean =>
  run.mode === 'resume' && run.turns === 0 && state.runs.some(({ turns }) => turns > 0);

/**
 * The backend is left alone for a while; then the conversation goes on where it can, since whatever was done in it
 * would be done again by a restart. The next target comes when the attempts are used up or the time is too short.
 */
function afterLimit(state: TaskState, run: RunState, outcome: RunOutcome, random: number): NextStep {
  const { maxAttempts } = state.spec.retry;
  if (run.attempt >= maxAttempts) return degradeOr(state, run, { kind: 'end', outcome }, outcome);
  const wait = Math.max(limitWaitMs(state, run, outcome, random), backoffMs(state, run.attempt, random));
  const cause = outcomeCode(outcome)?.replace('_', ' ') ?? 'unknown';
  const reason = `${cause}: ${outcome.message ?? 'no reason given'}`;
  const next = limitedRun(state, run, wait, reason);
  return outlastsDeadline(state, run, wait) ? degradeOr(state, run, next, outcome) : next;
}

function limitedRun(state: TaskState, run: RunState, wait: number, reason: string): NextStep {
  if (canResume(state, run)) return again(run, 'resume', wait, reason);
  const isUnsent = run.turns === 0 && state.instructions[run.instructionId]?.level === 'queued';
  if (isUnsent || wasRefused(state, run)) return again(run, run.mode, wait, reason);
  return recoverBy(state, run, again(run, 'restart', wait, reason));
}

const degradeAsked = (state: TaskState, code: OutcomeCode): boolean =>
  (state.spec.degradeOn as readonly string[]).includes(code);

/**
 * After two failed starts on a target comes the next one; without a next one the start is repeated until the attempts
 * are used up.
 */
function afterFailedStart(state: TaskState, run: RunState, outcome: RunOutcome, random: number): NextStep {
  const failures = state.runs.filter(
    (each) => sameTarget(each.target, run.target) && each.turns === 0 && !wasAbsent(each),
  ).length;
  const last = state.runs.findLast((each) => each.turns > 0);
  // A resume that could not start is no reason to give up the runtime: what follows is decided as if it had not been
  // tried.
  // A task that continues an earlier conversation (its first run resumes) is never given another conversation.
  const mode: RunMode = run.mode === 'resume' && last ? 'restart' : run.mode;
  const retry: NextStep = {
    kind: 'schedule',
    mode,
    target: run.target,
    attempt: run.attempt + 1,
    delayMs: backoffMs(state, failures, random),
    reason: outcome.message ?? 'The run could not be started',
  };
  if (run.attempt >= state.spec.retry.maxAttempts) return degradeOr(state, run, { kind: 'end', outcome }, outcome);
  if (run.mode === 'resume' && last) return recoverBy(state, last, retry);
  return failures >= 2 ? degradeOr(state, run, retry, outcome) : retry;
}

function degradeOr(state: TaskState, run: RunState, otherwise: NextStep, outcome: RunOutcome): NextStep {
  const target = targetAfter(state, run.target);
  if (!target) return otherwise;
  return {
    kind: 'schedule',
    mode: 'degrade',
    target,
    attempt: run.attempt + 1,
    delayMs: 0,
    reason: outcome.message ?? outcomeCode(outcome) ?? 'unknown',
  };
}

/** Whether another run can go on with the conversation of this one. */
export function canResume(state: TaskState, run: RunState): boolean {
  return (
    run.capabilities !== undefined &&
    run.capabilities.resume !== 'none' &&
    run.agentSessionId !== undefined &&
    // Before its first turn a conversation holds nothing to continue.
    (run.mode === 'resume' || (run.turns > 0 && !wasRefused(state, run))) &&
    state.runs.length < 50
  );
}

/** Restarts only where no side effect can be repeated, unless the task says otherwise; else asks a person. */
function recoverBy(state: TaskState, lost: RunState, restart: NextStep): NextStep {
  if (state.spec.recovery === 'restart') return restart;
  const provablyHarmless = lost.capabilities?.events === 'structured' && lost.toolsStarted === 0;
  // What it left is in a worktree of its own, and nobody else's.
  const isApart = state.spec.worktree !== undefined;
  if (state.spec.recovery === 'auto' && (provablyHarmless || isApart)) return restart;
  return { kind: 'ask', reason: lost.outcome?.message ?? 'The run was lost and may have left changes' };
}

/** The task is lost with its last run: the run's own code and message are kept. */
function lostWith(outcome: RunOutcome | undefined): FailedOutcome {
  return { ...outcome, status: 'lost', code: (outcome && outcomeCode(outcome)) ?? 'unknown' };
}

/** What follows the answer to a recovery question. */
export function afterRecoveryAnswer(state: TaskState, choice: string | undefined): NextStep {
  const run = state.runs.at(-1);
  const outcome = lostWith(run?.outcome);
  if (!run) return { kind: 'end', outcome };
  const base = { kind: 'schedule', attempt: run.attempt + 1, delayMs: 0 } as const;
  if (choice === 'restart') return { ...base, mode: 'restart', target: run.target, reason: 'Chosen by a person' };
  const target = choice === 'degrade' ? targetAfter(state, run.target) : undefined;
  return target ? { ...base, mode: 'degrade', target, reason: 'Chosen by a person' } : { kind: 'end', outcome };
}

const rejections: Partial<Record<ErrorCode, OutcomeCode>> = {
  UNSUPPORTED: 'unmet_needs',
  INVALID_ARGUMENT: 'invalid_request',
  UNAUTHENTICATED: 'auth',
};

/** What follows after a target was rejected before a run began on it. */
export function afterRejection(state: TaskState, attempt: number): NextStep {
  const rejected = state.rejected.at(-1);
  const target = rejected && targetAfter(state, rejected.target);
  if (target) return { kind: 'schedule', mode: 'degrade', target, attempt, delayMs: 0, reason: rejected.reason };
  return {
    kind: 'end',
    outcome: {
      status: 'failed',
      code: (rejected && rejections[rejected.code]) ?? 'unavailable',
      message:
        state.rejected
          .map((each) => `${each.target.runtime}: ${each.reason}`)
          .join('; ')
          .slice(0, 8192) || 'No runtime can be used',
    },
  };
}
