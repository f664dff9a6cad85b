import { createRedactor } from '@runtime/adapter-kit/source';
import { AgentRuntimeError } from '@runtime/contracts';
import type { RuntimeHandle, SourceBatch } from '@runtime/contracts/adapter';
import { translatedRecords, type RecordsOptions } from './read/records.ts';
import type { Relay } from './read/relay.ts';

export interface PiEventsOptions extends RecordsOptions {
  /** The cursor of a batch: the events up to there are left out. */
  readonly after: string | undefined;
}

/**
 * What Pi wrote to its stdout as events, from the first record or after a cursor, until the run has ended. One batch per record that has events,
 * with the byte offset of the record's end as cursor; a turn that was open when the process ended is closed with the exit as it was seen.
 * What comes after a cursor is always the same. Aborting `signal` ends it without a throw. Throws INVALID_ARGUMENT for a cursor that is none.
 */
export async function* piEvents(
  handle: RuntimeHandle,
  relay: Relay,
  { after, ...options }: PiEventsOptions,
): AsyncGenerator<SourceBatch, void, undefined> {
  const from = readCursor(after);
  // It sees the silent records too: a secret may begin in them.
  const redactor = createRedactor(options.secrets);
  for await (const record of translatedRecords(handle, relay, options)) {
    const events = redactor.apply(record.events);
    const { isLast = false } = record;
    const given = isLast ? [...events, ...redactor.finish()] : events;
    // A record is known by its start: its end moves when a torn last line is completed later.
    const isSilent = isLast ? from.isEnd : record.start < from.offset;
    if (given.length > 0 && !isSilent) yield { cursor: `${record.end}${isLast ? endMark : ''}`, events: given };
  }
}

/** Follows the offset in the cursor behind the last event. */
const endMark = '+';

function readCursor(cursor: string | undefined): { readonly offset: number; readonly isEnd: boolean } {
  if (cursor === undefined) return { offset: 0, isEnd: false };
  const [, digits, mark] = /^(\d{1,15})(\+?)$/.exec(cursor) ?? [];
  if (digits !== undefined) return { offset: Number(digits), isEnd: mark === endMark };
  throw new AgentRuntimeError(
    'INVALID_ARGUMENT',
    `not a cursor of Pi's output: ${JSON.stringify(cursor.slice(0, 80))}`,
  );
}
