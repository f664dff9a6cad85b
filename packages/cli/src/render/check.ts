import { whyCheckFailed, type TaskView } from '@runtime/contracts';
import { sanitizeLine } from '../sanitize.ts';

type Check = NonNullable<TaskView['check']>;

/** How a check ended that did not pass. */
export const describeCheck = (check: Pick<Check, 'exit' | 'cause' | 'message'>): string =>
  sanitizeLine(whyCheckFailed(check));

/** The line of `runtime status`. */
export function formatCheck(check: Check): string {
  const of = `round ${check.round}`;
  return check.status === 'failed' ? `failed in ${of}: ${describeCheck(check)}` : `${check.status}, ${of}`;
}
