import type { TaskView } from '@runtime/contracts';
import { sanitizeLine } from '../sanitize.ts';

type Check = NonNullable<TaskView['check']>;

const causes: { readonly [C in NonNullable<Check['cause']>]: string } = {
  timeout: 'it took too long',
  deadline: 'the deadline of the task was reached',
  cancel: 'the task was cancelled',
  output_limit: 'it printed too much',
  unavailable: 'it could not be run',
  lost: 'its process was lost',
};

/** How a check ended that did not pass. */
export function describeCheck({ exit, cause, message }: Pick<Check, 'exit' | 'cause' | 'message'>): string {
  if (cause !== undefined) return message === undefined ? causes[cause] : `${causes[cause]}: ${sanitizeLine(message)}`;
  if (exit?.kind === 'exited') return `exit code ${exit.code}`;
  return exit?.kind === 'signaled' ? exit.signal : 'how it ended is unknown';
}

/** The line of `runtime status`. */
export function formatCheck(check: Check): string {
  const of = `round ${check.round}`;
  return check.status === 'failed' ? `failed in ${of}: ${describeCheck(check)}` : `${check.status}, ${of}`;
}
