import {
  whyCheckFailed,
  type CheckCause,
  type FailedOutcome,
  type RunOutcome,
  type TaskEvent,
  type TaskEventOf,
} from '@runtime/contracts';
import type { TaskState } from '@runtime/contracts/fold';
import type { PlaneContext } from '../task/context.ts';
import { commandText } from '../check/command-text.ts';
import { waitingInstructions } from '../run/prompts.ts';
import { roundsUsed, sendBack } from './send-back.ts';

/** With these causes no further run could bring the check to another end, or none is wanted. */
const isLast: ReadonlySet<CheckCause | undefined> = new Set(['deadline', 'cancel', 'unavailable', 'lost']);

/**
 * What follows a check. One that failed sends the agent back while rounds are left. What callers said and no run was given yet sends
 * the agent back as well, together with what a failed check printed, and is no round: the plane did not ask for it.
 */
export function afterCheck(
  ctx: Pick<PlaneContext, 'newId' | 'clock'>,
  state: TaskState,
  ended: TaskEventOf<'check.ended'>,
  told: string,
): TaskEvent[] {
  const { check: spec } = state.spec;
  if (!spec || state.cancel || isLast.has(ended.cause)) return [];
  const isAsked = waitingInstructions(state, ctx.clock()).length > 0;
  const checked = `The work was checked with \`${commandText(spec.command)}\`, and the check`;
  const since = 'an instruction waits';
  if (ended.ok) {
    const text = `${checked} passed. Now do what else you are told here. It is run again when you are done.`;
    return isAsked
      ? sendBack(ctx, state, { text, reason: `Check ${ended.round} passed; ${since}`, isRound: false })
      : [];
  }
  const why = `Check ${ended.round} failed: ${whyCheckFailed(ended)}`;
  if (isAsked) {
    const text = `${checked} failed. ${told}\n\nMend what it shows, and do what else you are told here. It is run again when you are done.`;
    return sendBack(ctx, state, { text, reason: `${why}; ${since}`, isRound: false });
  }
  if (!hasRounds(state)) return [];
  const text = `${checked} failed${counted(state)}. ${told}\n\nMend what it shows. It is run again when you are done.`;
  return sendBack(ctx, state, { text, reason: why, isRound: true });
}

/**
 * What follows work that its check let pass, and that lacks a required deliverable: the agent is told so in one of the
 * same rounds. Nothing follows without a check, or once its rounds are used.
 */
export function afterMissing(
  ctx: Pick<PlaneContext, 'newId' | 'clock'>,
  state: TaskState,
  { message = '' }: FailedOutcome,
): TaskEvent[] {
  if (state.cancel || !hasRounds(state)) return [];
  const text = `The check passed, but the work is not done${counted(state)}: ${message}.\n\nThese are names or patterns of files in the workspace. Make what is missing. The check is run again when you are done.`;
  return sendBack(ctx, state, { text, reason: `The check passed, but ${message}`.slice(0, 2000), isRound: true });
}

const hasRounds = (state: TaskState): boolean => roundsUsed(state) < (state.spec.check?.maxRounds ?? 0);

/** How often the work was not good, for the agent. */
const counted = (state: TaskState): string =>
  ` (${roundsUsed(state) + 1} of at most ${(state.spec.check?.maxRounds ?? 0) + 1})`;

/** How a task ends whose work succeeded, by its check; undefined where that has nothing against it. */
export function outcomeOfCheck({ runs, check }: TaskState): RunOutcome | undefined {
  if (!check || check.ok !== false || check.runId !== runs.at(-1)?.runId) return undefined;
  if (check.cause === 'deadline')
    return { status: 'timed_out', code: 'timeout', message: 'The task reached its deadline while its check ran' };
  const round = check.round === 1 ? '' : ` in round ${check.round}`;
  return { status: 'failed', code: 'check_failed', message: `The check failed${round}: ${whyCheckFailed(check)}` };
}
