import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import type { SessionEvent, SourceBatch } from '@runtime/contracts/adapter';
import { parseJsonLine } from './json-line.ts';
import { LineSplitter, type Line, type OversizeLine } from './line-splitter.ts';
import { quarantine, type MalformedRecord } from './quarantine.ts';
import { createRedactor, type Redactor } from './redactor.ts';
import { tailFile, type Chunk, type Ended } from './tail-file.ts';
import { Utf8Stream, type DecodedBytes } from './utf8-stream.ts';

/** One line of a JSONL source. */
export interface JsonRecord {
  readonly kind: 'json';
  readonly value: unknown;
  readonly start: number;
  readonly end: number;
}

/**
 * A stretch of a source of plain text; never cuts a character in two. Bytes that are no UTF-8 stand in it as U+FFFD.
 */
export interface TextRecord extends DecodedBytes {
  readonly kind: 'text';
  readonly start: number;
  readonly end: number;
}

/** Turns records into events. May keep state: each reading makes a new one, which gets the file from its beginning. */
export interface Translator<R> {
  translate(record: R): readonly SessionEvent[];
  /** The events that are left when the source has ended. */
  finish?(): readonly SessionEvent[];
}

interface CommonOptions extends CallOptions {
  readonly path: string;
  /** Where the source begins in the file. The same at every reading. @default 0 */
  readonly from?: number;
  /** A cursor of an earlier reading: everything up to it is translated without giving events. @default the beginning */
  readonly after?: string;
  /** As for `tailFile`; for a run `runEnded(handle)`. */
  readonly ended: Ended;
  /** False: ends where the file stands, and what is held back then is left for a later reading. @default true */
  readonly follow?: boolean;
  /** Values that must not appear in events. @default none */
  readonly secrets?: readonly string[];
  /** As for `tailFile`. */
  readonly pollMs?: number;
}

/** Options of `jsonFileSource`. */
export interface JsonSourceOptions extends CommonOptions {
  /** Makes a translator. Called once for each reading. */
  readonly translator: () => Translator<JsonRecord>;
  /** The name of the source in `output.quarantined`. @default 'stdout' */
  readonly source?: string;
  /** What becomes of a line that is no JSON we accept. @default one `output.quarantined` */
  readonly malformed?: (record: MalformedRecord) => readonly SessionEvent[];
  /** @default 16777216 (16 MiB) */
  readonly maxLineBytes?: number;
  /** @default 64 */
  readonly maxDepth?: number;
}

/** Options of `textFileSource`. */
export interface TextSourceOptions extends CommonOptions {
  readonly translator: () => Translator<TextRecord>;
}

/**
 * Events of a JSONL file that grows: one batch per line, with the offset of its end as cursor; lines without events
 * give none.
 * A reading begins at the beginning of the file, with a translator and a redactor made anew, and is silent up to
 * `after`:
 * state is rebuilt, never stored, and what comes after a cursor is always the same.
 *
 * Ends when `ended` and everything was read, with a last batch for what the redactor or the translator held back.
 * Aborting `signal` ends it without a throw. Throws INVALID_ARGUMENT for a cursor that is none, and what `tailFile`
 * throws.
 */
export async function* jsonFileSource(options: JsonSourceOptions): AsyncGenerator<SourceBatch, void, undefined> {
  const translator = options.translator();
  const splitter = new LineSplitter({
    offset: options.from ?? 0,
    ...(options.maxLineBytes === undefined ? {} : { maxLineBytes: options.maxLineBytes }),
  });
  const redactor = createRedactor(options.secrets ?? []);
  const onLine = (line: Line | OversizeLine): Pending | undefined => {
    if (line.kind === 'line' && line.bytes.length === 0) return undefined;
    return { start: line.start, end: line.end, events: () => translateLine(line, translator, options, redactor) };
  };
  const lines = (found: readonly (Line | OversizeLine)[]): Pending[] =>
    found.map(onLine).filter((line) => line !== undefined);
  yield* batches(options, redactor, {
    push: (chunk) => lines(splitter.push(chunk.bytes)),
    flush: () => {
      const rest = splitter.flush();
      return rest ? lines([rest]) : [];
    },
    finish: () => translator.finish?.() ?? [],
  });
}

/**
 * As `jsonFileSource`, for output that is plain text: one batch per chunk that could be read at once, at most 64 KiB,
 * so that what is made of it fits into an event. Bytes that are no UTF-8 become U+FFFD; the record with the first of
 * them names it, for `quarantinedByte`.
 * Where chunks are cut varies from reading to reading, the text behind a cursor does not.
 */
export async function* textFileSource(options: TextSourceOptions): AsyncGenerator<SourceBatch, void, undefined> {
  const translator = options.translator();
  const utf8 = new Utf8Stream();
  let end = options.from ?? 0;
  const record = (decoded: DecodedBytes, start: number): Pending => {
    const at = end;
    const events = (): readonly SessionEvent[] =>
      decoded.text === '' ? [] : translator.translate({ kind: 'text', ...decoded, start, end: at });
    return { start, end: at, events };
  };
  yield* batches(options, createRedactor(options.secrets ?? []), {
    chunkBytes: 64 * 1024,
    push: ({ bytes, start }) => {
      end = start + bytes.length;
      return [record(utf8.push(bytes), start)];
    },
    flush: () => [record(utf8.flush(), end)],
    finish: () => translator.finish?.() ?? [],
  });
}

/** A record that is translated when its turn comes. */
interface Pending {
  readonly start: number;
  readonly end: number;
  readonly events: () => readonly SessionEvent[];
}

interface Framing {
  readonly chunkBytes?: number;
  readonly push: (chunk: Chunk) => readonly Pending[];
  /** What is left when the source has ended. */
  readonly flush: () => readonly Pending[];
  readonly finish: () => readonly SessionEvent[];
}

async function* batches(
  options: CommonOptions,
  redactor: Redactor,
  framing: Framing,
): AsyncGenerator<SourceBatch, void, undefined> {
  const { path, from, signal, pollMs, follow } = options;
  const after = readCursor(options.after);
  let end = from ?? 0;
  let isOver = false;
  const ask = async (): Promise<boolean> => (isOver = await options.ended());
  const ended: Ended = Object.assign(ask, options.ended);
  const translated = (pending: Pending, chunk?: Chunk): SourceBatch | undefined => {
    end = pending.end;
    // A line that stands behind it, or is torn, was written later.
    const isLast = chunk?.at !== undefined && end === chunk.start + chunk.bytes.length;
    const events = redactor.apply(pending.events());
    // A record is known by its start: its end moves when a torn last line is completed later.
    if (events.length === 0 || pending.start < after.offset) return undefined;
    return { cursor: String(pending.end), events, ...(isLast ? { at: chunk.at } : {}) };
  };
  const chunks = tailFile(path, {
    ended,
    boundary: after.offset,
    ...(from === undefined ? {} : { from }),
    ...(signal ? { signal } : {}),
    ...(follow === undefined ? {} : { follow }),
    ...(pollMs === undefined ? {} : { pollMs }),
    ...(framing.chunkBytes === undefined ? {} : { chunkBytes: framing.chunkBytes }),
  });
  for await (const chunk of chunks) {
    for (const pending of framing.push(chunk)) {
      if (signal?.aborted) return;
      const batch = translated(pending, chunk);
      if (batch) yield batch;
    }
  }
  if (signal?.aborted || after.finished || !isOver) return;
  const last: SessionEvent[] = [];
  for (const pending of framing.flush()) {
    const batch = translated(pending);
    if (batch) last.push(...batch.events);
  }
  last.push(...redactor.apply(framing.finish()), ...redactor.finish());
  if (last.length > 0) yield { cursor: `${end}+`, events: last };
}

function translateLine(
  line: Line | OversizeLine,
  translator: Translator<JsonRecord>,
  { source = 'stdout', malformed, maxDepth }: JsonSourceOptions,
  redactor: Redactor,
): readonly SessionEvent[] {
  const { start, end } = line;
  if (line.kind === 'line') {
    const parsed = parseJsonLine(line.bytes, maxDepth === undefined ? {} : { maxDepth });
    if (parsed.ok) return translator.translate({ kind: 'json', value: parsed.value, start, end });
    return refuse(line.bytes, parsed.reason);
  }
  return refuse(line.head, 'the line is too long');

  function refuse(head: Buffer, reason: string): readonly SessionEvent[] {
    const size = line.kind === 'line' ? line.bytes.length : end - start - 1;
    const record: MalformedRecord = { kind: 'malformed', start, end, size, head: head.subarray(0, 4096), reason };
    return malformed ? malformed(record) : [quarantine(record, source, (bytes) => redactor.bytes(bytes))];
  }
}

/** `<offset>` behind a record, `<offset>+` behind the end of the source. */
function readCursor(cursor: string | undefined): { readonly offset: number; readonly finished: boolean } {
  if (cursor === undefined) return { offset: 0, finished: false };
  const [, digits, plus] = /^(\d{1,15})(\+?)$/.exec(cursor) ?? [];
  if (digits === undefined) {
    throw new AgentRuntimeError(
      'INVALID_ARGUMENT',
      `not a cursor of this source: ${JSON.stringify(cursor.slice(0, 80))}`,
    );
  }
  return { offset: Number(digits), finished: plus === '+' };
}
