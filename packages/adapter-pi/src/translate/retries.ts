import type { SessionEvent } from '@runtime/contracts/adapter';
import { headOf } from '@runtime/adapter-kit/source';
import type { PiRecordOf } from '../wire.ts';
import type { TranslatorState } from './state.ts';

type Scheduled = PiRecordOf<'auto_retry_start' | 'summarization_retry_scheduled'>;

/** Pi repeats a call of the agent, or that of a summary. It never does both at a time. */
export function retryScheduled(state: TranslatorState, record: Scheduled): SessionEvent[] {
  state.retry = Math.max(1, Math.round(record.attempt));
  return [
    {
      type: 'retry.scheduled',
      attempt: state.retry,
      delayMs: Math.max(0, Math.round(record.delayMs)),
      reason: headOf(record.errorMessage, 2000),
    },
  ];
}

/** The end of the retry that is open, if any. Without `ok` it is unknown how it ended. */
export function retryEnded(state: TranslatorState, ok?: boolean, reason?: string): SessionEvent[] {
  const attempt = state.retry;
  if (attempt === undefined) return [];
  state.retry = undefined;
  const why = ok === false && reason ? { reason: headOf(reason, 2000) } : {};
  return [{ type: 'retry.ended', attempt, ...(ok === undefined ? {} : { ok }), ...why }];
}

export function autoRetryEnded(state: TranslatorState, record: PiRecordOf<'auto_retry_end'>): SessionEvent[] {
  const { success, finalError } = record;
  // Pi counts an attempt that was aborted as a success.
  if (success === true && state.last?.stopReason === 'aborted')
    return retryEnded(state, false, state.last.errorMessage);
  return retryEnded(state, success, finalError);
}
