import { readExitRecord, runPaths } from '@runtime/adapter-kit/run';
import { jsonFileSource, quarantine } from '@runtime/adapter-kit/source';
import type { RuntimeHandle, SourceBatch } from '@runtime/contracts/adapter';
import { newTranslatorState } from '../../src/translate/state.ts';
import { translate } from '../../src/translate/translate.ts';
import { endAtExit } from '../../src/translate/turns.ts';
import { readEcho, readRecord } from '../../src/wire.ts';
import { collected } from './growing-run.ts';

/**
 * What a run that has ended must give, by the kit's own reader of files: the events after a cursor, without any session
 * beside.
 */
export async function replayed(
  handle: RuntimeHandle,
  secrets: readonly string[],
  after?: string,
): Promise<SourceBatch[]> {
  const state = newTranslatorState();
  const exit = (await readExitRecord(handle.runDir))?.exit;
  if (!exit) throw new Error('the run has not ended');
  return collected(
    jsonFileSource({
      path: runPaths(handle.runDir).stdout,
      ended: () => true,
      secrets,
      ...(after === undefined ? {} : { after }),
      translator: () => ({
        translate: ({ value }) => {
          const record = readRecord(value);
          if (record.type === 'malformed') throw new Error(record.reason);
          return translate(state, record);
        },
        finish: () => endAtExit(state, exit),
      }),
      malformed: (record) => {
        const echo = readEcho(record.head.toString('latin1', 0, 80));
        return echo ? translate(state, echo) : [quarantine(record, 'stdout')];
      },
    }),
  );
}
