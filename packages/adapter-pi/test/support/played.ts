import type { SessionEvent } from '@runtime/contracts/adapter';
import { newTranslatorState } from '../../src/translate/state.ts';
import { translate } from '../../src/translate/translate.ts';
import { readRecord } from '../../src/wire.ts';

/** Records in, events out. */
export function played(...records: unknown[]): SessionEvent[] {
  const state = newTranslatorState();
  return records.flatMap((value) => {
    const record = readRecord(value);
    if (record.type === 'malformed') throw new Error(record.reason);
    return translate(state, record);
  });
}

/** The types in order, repetitions once. */
export const types = (events: readonly SessionEvent[]): string[] =>
  events.map((event) => event.type).filter((type, index, all) => type !== all[index - 1]);

export const outcomes = (events: readonly SessionEvent[]) =>
  events.flatMap((event) => (event.type === 'turn.ended' ? [event.outcome] : []));
