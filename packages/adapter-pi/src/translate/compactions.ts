import type { SessionEvent } from '@runtime/contracts/adapter';
import { headOf } from '@runtime/adapter-kit/source';
import type { PiRecordOf } from '../wire.ts';
import type { TranslatorState } from './state.ts';

/** A compaction of 0.73 may begin while another one runs: they are told as one. */
export function compactionStarted(state: TranslatorState, record: PiRecordOf<'compaction_start'>): SessionEvent[] {
  if (state.compacts) return [];
  state.compacts = true;
  return [{ type: 'compaction.started', reason: headOf(record.reason || 'compaction', 200) }];
}

/** Also without a start: Pi reports so that it does not compact a second time for one overflow. */
export function compactionEnded(state: TranslatorState, record: PiRecordOf<'compaction_end'>): SessionEvent[] {
  state.compacts = false;
  const { reason, aborted, result, errorMessage } = record;
  if (aborted) return failed(errorMessage || 'The compaction was cancelled');
  if (!result) return failed(errorMessage || 'Pi reported a compaction without a result');
  return [
    {
      type: 'context.compacted',
      reason: headOf(reason || 'compaction', 200),
      ...(result.tokensBefore === undefined ? {} : { tokensBefore: Math.round(result.tokensBefore) }),
      ...(result.estimatedTokensAfter === undefined ? {} : { tokensAfter: Math.round(result.estimatedTokensAfter) }),
    },
  ];
}

/** Pi goes on, rests or is gone: the end of the compaction that is open, if any, was lost or never came. */
export function compactionLost(state: TranslatorState): SessionEvent[] {
  if (!state.compacts) return [];
  state.compacts = false;
  return failed('Whether it succeeded is unknown: Pi reported no end of it');
}

const failed = (reason: string): SessionEvent[] => [{ type: 'compaction.failed', reason: headOf(reason, 2000) }];
