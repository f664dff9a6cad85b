import type { Line, OversizeLine } from '@runtime/adapter-kit/source';
import type { Exit } from '@runtime/contracts/adapter';
import type { TranslatorState } from '../translate/state.ts';
import type { PiRecord } from '../wire.ts';
import { HandOver, type HandOverEnd } from './hand-over.ts';
import { Reading } from './reading.ts';

/** Increments say nothing about what Pi waits for, and are nine lines of ten. */
const increments = ['{"type":"message_update"', '{"type":"tool_execution_update"'].map((text) => Buffer.from(text));

function isIncrement(line: Line | OversizeLine): boolean {
  const bytes = line.kind === 'line' ? line.bytes : line.head;
  return increments.some((start) => bytes.length > start.length && bytes.subarray(0, start.length).equals(start));
}

/**
 * Translates each record once: the session sees the translator's state, the reader of the events gets the events.
 *
 * The session cannot wait for a slow reader, and memory is bounded. So a reader that falls behind gets a copy of the translator
 * and goes on with the file by itself; a late one begins at the beginning of the file. Without a reader, increments are not even parsed.
 * Once such a reader has caught up, its translator replaces this one, which lacks the increments, and it gets the events again.
 */
export class Relay {
  readonly #maxBytes: number;
  #reading: Reading;
  #reader: HandOver | undefined;
  #first: HandOver | undefined;
  #isOver = false;
  /** A reader that has read further than this relay, and is joined there. */
  #ahead: { readonly reading: Reading; readonly reader: HandOver } | undefined;

  /** `maxBytes`: how much of the output may wait for the reader. */
  constructor(secrets: readonly string[], maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#reading = new Reading(secrets);
    this.#reader = new HandOver(maxBytes);
    this.#first = this.#reader;
  }

  /** What the translator knows by now. Not to be kept across an await: another translator takes over when a reader joins. */
  get state(): TranslatorState {
    return this.#reading.state;
  }

  /** Translates the next line. Undefined for an increment that no reader wants, and for a line that is no record. */
  take(line: Line | OversizeLine): PiRecord | undefined {
    if (this.#reader?.isFull) this.#cut(this.#reader);
    if (!this.#reader && isIncrement(line)) {
      this.#reading.skip(line);
      this.#joinIfReached();
      return undefined;
    }
    const translated = this.#reading.take(line);
    this.#reader?.put(translated);
    this.#joinIfReached();
    return translated.record;
  }

  /** Pi has ended. `rest` is what stands behind the last line feed. */
  finish(rest: Line | OversizeLine | undefined, exit: Exit): void {
    this.end({ kind: 'over', last: this.#reading.finish(rest, exit) });
  }

  /** Nothing more is taken. */
  end(end: HandOverEnd): void {
    this.#isOver = true;
    this.#reader?.end(end);
    this.#ahead?.reader.end(end);
  }

  /** All events, from the first on: for the first reader alone. */
  takeFirst(): HandOver | undefined {
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  /** Hands the events over from where `reading` stands. Undefined when it is behind, or at the end: then it reads on by itself. */
  join(reading: Reading): HandOver | undefined {
    if (this.#isOver || reading.position < this.#reading.position) return undefined;
    const reader = new HandOver(this.#maxBytes);
    this.#ahead = { reading, reader };
    this.#joinIfReached();
    return reader;
  }

  /** Its reader has stopped reading. */
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
