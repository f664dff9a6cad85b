import { outcomeCode, type OutcomeCode, type RunOutcome, type Target } from '@runtime/contracts';
import type { RunState, TaskState } from '@runtime/contracts/fold';

/** After an end for which the backend named no time: the longest first pause, which doubles each time. */
const firstPauseMs = 120_000;
const longestPauseMs = 30 * 60_000;
/** A named time further ahead is not believed: the backend is asked again after this. */
const longestNamedMs = 24 * 3_600_000;

/** What passes by itself, and not within seconds: agents have tried again by themselves before they report it. */
const passing: ReadonlySet<OutcomeCode | undefined> = new Set(['rate_limit', 'overloaded', 'network']);

/** Whether the backend has to be left alone for a while: what passes by itself, or a quota that will be filled again. */
export function isLimited(outcome: RunOutcome): boolean {
  const code = outcomeCode(outcome);
  return passing.has(code) || (code === 'quota' && namedMs(outcome) !== undefined);
}

/**
 * How long the backend is left alone, in ms: as long as it asked for, else minutes with jitter between half and the
 * whole. `random` is 0..1.
 */
export function limitWaitMs(state: TaskState, run: RunState, outcome: RunOutcome, random: number): number {
  const named = namedMs(outcome);
  if (named !== undefined) return Math.min(named, longestNamedMs);
  const first = state.spec.retry.rateLimitDelayMs ?? firstPauseMs;
  const longest = Math.max(first, longestPauseMs);
  const full = Math.min(longest, first * 2 ** Math.min(30, Math.max(0, limitsInARow(state, run.target) - 1)));
  return Math.round(full / 2 + (full / 2) * random);
}

/** Whether the task's deadline comes before the wait is over. */
export function outlastsDeadline({ spec, submittedAt }: TaskState, run: RunState, waitMs: number): boolean {
  return spec.deadlineMs !== undefined && (run.endedAt ?? run.activityAt) + waitMs >= submittedAt + spec.deadlineMs;
}

const namedMs = (outcome: RunOutcome): number | undefined =>
  'retryAfterMs' in outcome ? outcome.retryAfterMs : undefined;

/** The last runs, one after the other, that met a limit on the same runtime. */
function limitsInARow({ runs }: TaskState, { runtime }: Target): number {
  const met = (run: RunState): boolean =>
    run.target.runtime === runtime && run.outcome !== undefined && isLimited(run.outcome);
  return runs.length - 1 - runs.findLastIndex((run) => !met(run));
}
