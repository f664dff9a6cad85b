import { AgentRuntimeError } from '@runtime/contracts/base';

/** The longest timer there is, in ms: 24 days. */
const maxTimerMs = 2 ** 31 - 1;

/** A time to wait, in ms, as an option gives it. Throws INVALID_ARGUMENT for what is none. */
export function checkedWait(ms: number): number {
  if (Number.isFinite(ms) && ms >= 0 && ms <= maxTimerMs) return ms;
  throw new AgentRuntimeError('INVALID_ARGUMENT', `not a time to wait: ${String(ms)}`, {
    hint: `milliseconds, from 0 to ${maxTimerMs}`,
  });
}
