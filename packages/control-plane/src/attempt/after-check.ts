import type { RunOutcome, TaskEvent, TaskEventOf } from '@runtime/contracts';
import type { CheckState, TaskState } from '@runtime/contracts/fold';
import type { PlaneContext } from '../task/context.ts';
import { commandText } from '../check/command-text.ts';
import { canResume } from './what-follows.ts';

/**
 * What follows a check that did not pass, while rounds are left: the agent is told, and goes on in the same conversation
 * where that can be resumed, else it starts over and gets what it is told with its prompt. It costs no attempt: nothing
 * of the runtime's failed.
 */
export function afterCheck(
  { newId, clock }: Pick<PlaneContext, 'newId' | 'clock'>,
  state: TaskState,
  ended: TaskEventOf<'check.ended'>,
  told: string,
): TaskEvent[] {
  const { check: spec } = state.spec;
  const run = state.runs.at(-1);
  if (!spec || !run || ended.round > spec.maxRounds) return [];
  const mode = canResume(state, run) ? 'resume' : 'restart';
  const text = `The work was checked with \`${commandText(spec.command)}\`, and the check failed (${ended.round} of at most ${spec.maxRounds + 1}). ${told}\n\nMend what it shows. It is run again when you are done.`;
  const as = mode === 'resume' ? 'prompt' : 'followUp';
  return [
    { type: 'instruction.queued', instructionId: newId('ins'), mode: as, parts: [{ type: 'text', text }], by: 'plane' },
    {
      type: 'attempt.scheduled',
      notBefore: clock(),
      attempt: run.attempt,
      mode,
      target: run.target,
      reason: `Check ${ended.round} failed: ${describe(ended)}`,
    },
  ];
}

/** How a task ends whose work succeeded, by its check; undefined where that has nothing against it. */
export function outcomeOfCheck({ runs, check }: TaskState): RunOutcome | undefined {
  if (!check || check.ok !== false || check.runId !== runs.at(-1)?.runId) return undefined;
  if (check.cause === 'deadline')
    return { status: 'timed_out', code: 'timeout', message: 'The task reached its deadline while its check ran' };
  const times = check.round === 1 ? '' : ` for the ${check.round}. time`;
  return { status: 'failed', code: 'check_failed', message: `The check failed${times}: ${describe(check)}` };
}

/** How a check ended, in its event and in the state. */
type Ended = { readonly [F in 'exit' | 'cause' | 'message']?: CheckState[F] | undefined };

function describe({ exit, cause, message }: Ended): string {
  if (message !== undefined) return message;
  if (cause === 'timeout') return 'it took too long';
  if (cause === 'output_limit') return 'it printed too much';
  if (cause === 'lost') return 'its process was lost again and again';
  if (exit?.kind === 'exited') return `it exited with ${exit.code}`;
  if (exit?.kind === 'signaled') return `it was ended by ${exit.signal}`;
  return 'how it ended is unknown';
}
