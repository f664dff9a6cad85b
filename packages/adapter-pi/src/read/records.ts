import { runEnded, runPaths } from '@runtime/adapter-kit/run';
import { LineSplitter, tailFile } from '@runtime/adapter-kit/source';
import type { RuntimeHandle } from '@runtime/contracts/adapter';
import type { HandOver } from './hand-over.ts';
import { exitOf, Reading, type Translated } from './reading.ts';
import type { Relay } from './relay.ts';

export interface RecordsOptions {
  readonly secrets: readonly string[];
  /** False: ends where the output stands. @default true */
  readonly follow?: boolean | undefined;
  readonly signal: AbortSignal;
}

/**
 * Every record of a run's output, from the first one on. The relay delivers them as long as this reader keeps up;
 * otherwise it reads the file by itself.
 */
export async function* translatedRecords(
  handle: RuntimeHandle,
  relay: Relay,
  { secrets, follow = true, signal }: RecordsOptions,
): AsyncGenerator<Translated, void, undefined> {
  let reading = new Reading(secrets);
  if (!follow) {
    yield* readNow(handle, reading, signal);
    return;
  }
  let reader = relay.takeFirst();
  try {
    for (;;) {
      if (reader) {
        const end = yield* reader.take(signal);
        if (end.kind === 'failed') throw end.error;
        if (end.kind === 'over') yield end.last;
        if (end.kind !== 'cut') return;
        reading = end.reading;
      }
      reader = yield* readAlone(handle, relay, reading, signal);
      if (!reader) return;
    }
  } finally {
    if (reader) relay.leave(reader);
  }
}

/** Reads the file to where it stands. Of a run that has ended that is its end. */
async function* readNow(
  handle: RuntimeHandle,
  reading: Reading,
  signal: AbortSignal,
): AsyncGenerator<Translated, void, undefined> {
  const splitter = new LineSplitter();
  // Before the reading: only what ended by then is read to its end.
  const isOver = await runEnded(handle)();
  const place = { ended: () => isOver, follow: false, signal };
  for await (const { bytes, start, at } of tailFile(runPaths(handle.runDir).stdout, place)) {
    for (const line of splitter.push(bytes)) {
      if (signal.aborted) return;
      const isLast = at !== undefined && line.end === start + bytes.length;
      yield { ...reading.take(line), ...(isLast ? { at } : {}) };
    }
  }
  if (!signal.aborted && isOver) yield reading.finish(splitter.flush(), await exitOf(handle));
}

/** Reads the file until the relay takes over. Returns undefined if the output ends or `signal` is aborted first. */
async function* readAlone(
  handle: RuntimeHandle,
  relay: Relay,
  reading: Reading,
  signal: AbortSignal,
): AsyncGenerator<Translated, HandOver | undefined, undefined> {
  const splitter = new LineSplitter({ offset: reading.position });
  const place = { from: reading.position, ended: runEnded(handle), signal };
  for await (const chunk of tailFile(runPaths(handle.runDir).stdout, place)) {
    for (const line of splitter.push(chunk.bytes)) {
      if (signal.aborted) return undefined;
      yield reading.take(line);
    }
    const reader = relay.join(reading);
    if (reader) return reader;
  }
  if (!signal.aborted) yield reading.finish(splitter.flush(), await exitOf(handle));
  return undefined;
}
