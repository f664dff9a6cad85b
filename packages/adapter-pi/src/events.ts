import { readExitRecord } from '@runtime/adapter-kit/run';
import { createRedactor } from '@runtime/adapter-kit/source';
import { AgentRuntimeError } from '@runtime/contracts';
import type { RuntimeHandle, SourceBatch } from '@runtime/contracts/adapter';
import { translatedRecords, type RecordsOptions } from './read/records.ts';
import type { Relay } from './read/relay.ts';

export interface PiEventsOptions extends RecordsOptions {
  /** The cursor of a batch. Events up to it are not given again. */
  readonly after: string | undefined;
}

/**
 * The records on Pi's stdout as events, from the first one or after a cursor, until the run has ended. Each record that
 * has events is one batch, with the byte offset of its end as cursor. If the process ends during a turn, the last batch
 * closes the turn with the recorded exit. The events after a cursor are always the same. Aborting `signal` ends the
 * iteration without a throw. Throws INVALID_ARGUMENT for a string that is not a cursor.
 */
export async function* piEvents(
  handle: RuntimeHandle,
  relay: Relay,
  { after, ...options }: PiEventsOptions,
): AsyncGenerator<SourceBatch, void, undefined> {
  const from = readCursor(after);
  // It also sees the records before the cursor: a secret may begin in them.
  const redactor = createRedactor(options.secrets);
  for await (const record of translatedRecords(handle, relay, options)) {
    const events = redactor.apply(record.events);
    const { isLast = false } = record;
    const given = isLast ? [...events, ...redactor.finish()] : events;
    // A record is identified by its start: its end moves if a torn last line is completed later.
    const isSilent = isLast ? from.isEnd : record.start < from.offset;
    if (given.length === 0 || isSilent) continue;
    const at = isLast && options.follow === false ? (await readExitRecord(handle.runDir))?.endedAt : record.at;
    yield { cursor: `${record.end}${isLast ? endMark : ''}`, events: given, ...(at === undefined ? {} : { at }) };
  }
}

/** Marks the cursor behind the last event of a run. */
const endMark = '+';

function readCursor(cursor: string | undefined): { readonly offset: number; readonly isEnd: boolean } {
  if (cursor === undefined) return { offset: 0, isEnd: false };
  const [, digits, mark] = /^(\d{1,15})(\+?)$/.exec(cursor) ?? [];
  if (digits !== undefined) return { offset: Number(digits), isEnd: mark === endMark };
  throw new AgentRuntimeError(
    'INVALID_ARGUMENT',
    `this is not a cursor of Pi's output: ${JSON.stringify(cursor.slice(0, 80))}`,
  );
}
