import { readExitRecord, runEnded, runPaths } from '@runtime/adapter-kit/run';
import { jsonFileSource, quarantine, redactBytes } from '@runtime/adapter-kit/source';
import type { JsonRecord, MalformedRecord, Translator } from '@runtime/adapter-kit/source';
import type { CallOptions } from '@runtime/contracts';
import type { Exit, RuntimeHandle, SessionEvent, SourceBatch } from '@runtime/contracts/adapter';
import { newTranslatorState } from './translate/state.ts';
import { endAtExit } from './translate/turns.ts';
import { translate } from './translate/translate.ts';
import { readEcho, readRecord } from './wire.ts';

export interface EventSourceOptions extends CallOptions {
  readonly after?: string;
  readonly secrets: readonly string[];
}

/**
 * What Pi wrote to its stdout as events: from the first line or after a cursor, until the run has ended.
 * A turn that was open when the process ended is closed with the exit as it was seen.
 */
export function eventSource(handle: RuntimeHandle, options: EventSourceOptions): AsyncIterable<SourceBatch> {
  const state = newTranslatorState();
  let exit: Exit = { kind: 'unknown', why: 'its end was not seen' };
  const hasEnded = runEnded(handle);
  const redact = (bytes: Buffer): Buffer => redactBytes(bytes, options.secrets);
  const translator: Translator<JsonRecord> = {
    translate: ({ value, start, end }) => {
      const record = readRecord(value);
      if (record.type !== 'malformed') return translate(state, record);
      const head = Buffer.from(JSON.stringify(value).slice(0, 4096));
      return [
        quarantine(
          { kind: 'malformed', start, end, size: end - start - 1, head, reason: record.reason },
          'stdout',
          redact,
        ),
      ];
    },
    finish: () => endAtExit(state, exit),
  };
  return jsonFileSource({
    ...options,
    path: runPaths(handle.runDir).stdout,
    translator: () => translator,
    malformed: (record) => onMalformed(record),
    ended: async () => {
      const over = await hasEnded();
      if (over) exit = (await readExitRecord(handle.runDir))?.exit ?? exit;
      return over;
    },
  });

  function onMalformed(record: MalformedRecord): readonly SessionEvent[] {
    const echo = readEcho(record.head.toString('latin1', 0, 80));
    if (echo) return translate(state, echo);
    return [quarantine(record, 'stdout', redact)];
  }
}
