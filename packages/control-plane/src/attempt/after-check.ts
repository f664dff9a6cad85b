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

/** With these causes no further run would bring the check to another end, or none is wanted. */
const isLast: ReadonlySet<CheckCause | undefined> = new Set(['deadline', 'cancel', 'unavailable', 'lost']);

/**
 * What follows a check. One that failed sends the agent back while rounds are left. So does an instruction that no run
 * was given yet, together with what a failed check printed; that is no round, since a caller asked for it.
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
  const isRound = !isAsked;
  if (isRound && (ended.ok || !hasRounds(state))) return [];
  const checked = `The work was checked with \`${commandText(spec.command)}\`, and the check`;
  const found = ended.ok ? 'passed.' : `failed${isRound ? counted(state) : ''}. ${told}\n\nMend what it shows.`;
  const more = isAsked ? ' Do what else you are told here.' : '';
  const text = `${checked} ${found}${more} It is run again when you are done.`;
  const why = ended.ok ? `Check ${ended.round} passed` : `Check ${ended.round} failed: ${whyCheckFailed(ended)}`;
  return sendBack(ctx, state, { text, reason: isAsked ? `${why}; an instruction waits` : why, isRound });
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
