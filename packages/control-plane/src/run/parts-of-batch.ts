import { maxEventTextChars, type SessionEvent, type SourceBatch } from '@runtime/contracts/adapter';
import { maxAppendBytes, maxAppendEvents } from '@runtime/contracts/log';

/** Most events of one part. A turn's end closes all that its run has open, which comes on top. */
export const maxPartEvents = maxAppendEvents / 4;
const maxPartBytes = maxAppendBytes / 2;
/** No event is larger: its text is, where each character is escaped. */
const maxEventBytes = 8 * maxEventTextChars;
/** So few events need not be measured. */
const few = Math.floor(maxPartBytes / maxEventBytes);

/** A batch, or a part of one. */
export type BatchPart = Omit<SourceBatch, 'cursor'> & Partial<Pick<SourceBatch, 'cursor'>>;

/**
 * A batch in parts that fit into one append each; nearly always it is one. Only the last part has the cursor: an owner
 * that dies in between reads the whole record again.
 */
export function* partsOf({ cursor, ...batch }: SourceBatch): Generator<BatchPart> {
  let from = 0;
  for (let to = endOf(batch.events, from); to < batch.events.length; to = endOf(batch.events, from)) {
    yield { ...batch, events: batch.events.slice(from, to) };
    from = to;
  }
  yield { ...batch, cursor, events: from === 0 ? batch.events : batch.events.slice(from) };
}

/** Where the part that begins there ends. */
function endOf(events: readonly SessionEvent[], from: number): number {
  const most = Math.min(events.length, from + maxPartEvents);
  if (most - from <= few) return most;
  let bytes = 0;
  for (let at = from; at < most; at += 1) {
    // A UTF-16 unit is at most three bytes.
    bytes += 3 * JSON.stringify(events[at]).length;
    if (bytes > maxPartBytes && at > from) return at;
  }
  return most;
}
