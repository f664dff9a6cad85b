import type { Line, OversizeLine } from '@runtime/adapter-kit/source';
import type { Exit } from '@runtime/contracts/adapter';
import type { TranslatorState } from '../translate/state.ts';
import type { PiRecord } from '../wire.ts';
import { HandOver, type HandOverEnd } from './hand-over.ts';
import { Reading } from './reading.ts';

/** Increments do not change what the session needs to know, and are nine lines of ten. */
const increments = ['{"type":"message_update"', '{"type":"tool_execution_update"'].map((text) => Buffer.from(text));

const opening = Buffer.from('{"type":"');

function isIncrement(line: Line | OversizeLine): boolean {
  const bytes = line.kind === 'line' ? line.bytes : line.head;
  const isOne = increments.some(
    (start) => bytes.length > start.length && bytes.subarray(0, start.length).equals(start),
  );
  return isOne && !holdsAnother(bytes);
}

/** Another record stands on the line, see `findRecords`: an object within a record follows `:`, `[` or `,`. */
function holdsAnother(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(opening, 1); at !== -1; at = bytes.indexOf(opening, at + 1)) {
    if (!':[,'.includes(String.fromCharCode(bytes[at - 1] ?? 0))) return true;
  }
  return false;
}

/**
 * Translates each record once, for two consumers: the session uses the state of the translator, the reader of the
 * events gets the events.
 *
 * The session must not wait for a slow reader, and the queue between them is bounded. A reader that falls behind
 * therefore gets a copy of the translator and reads the file by itself from there; a reader that comes late reads it
 * from the beginning. Meanwhile the relay skips increments, so that they are not parsed twice. Once the reader has
 * caught up, its translator, which has seen the increments, replaces the relay's, and the relay delivers the events
 * again.
 */
export class Relay {
  readonly #maxBytes: number;
  #reading: Reading;
  #reader: HandOver | undefined;
  #first: HandOver | undefined;
  #isOver = false;
  /** A reader that is further than the relay; the relay takes over when it gets there. */
  #ahead: { readonly reading: Reading; readonly reader: HandOver } | undefined;

  /** `maxBytes` limits the output whose events wait for the reader. */
  constructor(secrets: readonly string[], maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#reading = new Reading(secrets);
    this.#reader = new HandOver(maxBytes);
    this.#first = this.#reader;
  }

  /** The state of the translator. Do not keep it across an await: another state replaces it when a reader joins. */
  get state(): TranslatorState {
    return this.#reading.state;
  }

  /** Translates the next line. Returns its records; none for a skipped increment. */
  take(line: Line | OversizeLine): readonly PiRecord[] {
    if (this.#reader?.isFull) this.#cut(this.#reader);
    if (!this.#reader && !this.#reading.isWithinRecord && isIncrement(line)) {
      this.#reading.skip(line);
      this.#joinIfReached();
      return [];
    }
    const translated = this.#reading.take(line);
    this.#reader?.put(translated);
    this.#joinIfReached();
    return translated.records;
  }

  /** Delivers the end of the output. `rest` is what stands behind the last line feed. */
  finish(rest: Line | OversizeLine | undefined, exit: Exit): void {
    this.end({ kind: 'over', last: this.#reading.finish(rest, exit) });
  }

  /** Ends the delivery. */
  end(end: HandOverEnd): void {
    this.#isOver = true;
    this.#reader?.end(end);
    this.#ahead?.reader.end(end);
  }

  /** The records from the first one on. Only the first reader gets them. */
  takeFirst(): HandOver | undefined {
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  /**
   * Delivers the records from the position of `reading` on, and takes over its translator. Returns undefined if
   * `reading` is behind, or the output has ended: then the reader continues by itself.
   */
  join(reading: Reading): HandOver | undefined {
    if (this.#isOver || reading.position < this.#reading.position) return undefined;
    const reader = new HandOver(this.#maxBytes);
    this.#ahead = { reading, reader };
    this.#joinIfReached();
    return reader;
  }

  /** The reader has stopped. */
  leave(reader: HandOver): void {
    if (this.#reader === reader) this.#reader = undefined;
    if (this.#ahead?.reader === reader) this.#ahead = undefined;
  }

  #joinIfReached(): void {
    if (this.#ahead?.reading.position !== this.#reading.position) return;
    this.#reading = this.#ahead.reading;
    this.#reader = this.#ahead.reader;
    this.#ahead = undefined;
  }

  #cut(reader: HandOver): void {
    reader.end({ kind: 'cut', reading: this.#reading.fork() });
    this.#reader = undefined;
  }
}
