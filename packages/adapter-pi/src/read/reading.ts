import { readExitRecord } from '@runtime/adapter-kit/run';
import {
  parseJsonLine,
  quarantine,
  redactBytes,
  type Line,
  type MalformedRecord,
  type OversizeLine,
} from '@runtime/adapter-kit/source';
import type { Exit, RuntimeHandle, SessionEvent } from '@runtime/contracts/adapter';
import { newTranslatorState, type TranslatorState } from '../translate/state.ts';
import { translate } from '../translate/translate.ts';
import { endAtExit } from '../translate/turns.ts';
import { readEcho, readRecord, type PiRecord } from '../wire.ts';

/** One line of Pi's output as events. Offsets are bytes in the file; `end` is behind the line feed. */
export interface Translated {
  readonly start: number;
  readonly end: number;
  readonly events: readonly SessionEvent[];
  /** Undefined for a line that is not a record. */
  readonly record?: PiRecord;
  /** Unix ms at which it was written, where that is known: it is the last line of the file. */
  readonly at?: number;
  /** The events at the end of the output; nothing follows. */
  readonly isLast?: true;
}

/**
 * One pass over Pi's output, line by line from the first: the state of the translator, and its position in the file.
 */
export class Reading {
  readonly state: TranslatorState;
  readonly #secrets: readonly string[];
  #position: number;

  /** `secrets` are masked in samples of unreadable lines only; the reader redacts the events. */
  constructor(secrets: readonly string[], state: TranslatorState = newTranslatorState(), position = 0) {
    this.state = state;
    this.#secrets = secrets;
    this.#position = position;
  }

  /** The offset of the next line. */
  get position(): number {
    return this.#position;
  }

  take(line: Line | OversizeLine): Translated {
    const { start, end } = line;
    this.#position = end;
    if (line.kind === 'line' && line.bytes.length === 0) return { start, end, events: [] };
    const read = readLine(line);
    if (read.type !== 'unreadable') return { start, end, events: translate(this.state, read), record: read };
    const { head, size, reason } = read;
    const redact = (bytes: Buffer): Buffer => redactBytes(bytes, this.#secrets);
    return {
      start,
      end,
      events: [quarantine({ kind: 'malformed', start, end, size, head, reason }, 'stdout', redact)],
    };
  }

  /** Skips a line. Events made from later lines may then be incomplete. */
  skip({ end }: Line | OversizeLine): void {
    this.#position = end;
  }

  /** Translates the end of the output: `rest`, which stands behind the last line feed, and the exit of the process. */
  finish(rest: Line | OversizeLine | undefined, exit: Exit): Translated {
    const start = this.#position;
    const torn = rest ? this.take(rest).events : [];
    return { start, end: this.#position, events: [...torn, ...endAtExit(this.state, exit)], isLast: true };
  }

  /** An independent copy that continues from here. */
  fork(): Reading {
    return new Reading(this.#secrets, structuredClone(this.state), this.#position);
  }
}

/** The recorded exit of a run that has ended. */
export async function exitOf({ runDir }: RuntimeHandle): Promise<Exit> {
  return (await readExitRecord(runDir))?.exit ?? { kind: 'unknown', why: 'no exit was recorded' };
}

/** A line that is not a record of Pi. */
interface Unreadable extends Pick<MalformedRecord, 'head' | 'size' | 'reason'> {
  readonly type: 'unreadable';
}

function readLine(line: Line | OversizeLine): PiRecord | Unreadable {
  const written = line.end - line.start - 1;
  if (line.kind === 'oversize') return readEcho(beginningOf(line.head)) ?? unreadable(line.head, written, tooLong);
  const { bytes } = line;
  const parsed = parseJsonLine(bytes);
  if (!parsed.ok) return readEcho(beginningOf(bytes)) ?? unreadable(bytes, bytes.length, parsed.reason);
  const record = readRecord(parsed.value);
  if (record.type !== 'malformed') return record;
  // Written anew without escapes, which could hide a secret.
  return unreadable(Buffer.from(JSON.stringify(parsed.value).slice(0, sampleBytes)), written, record.reason);
}

const tooLong = 'the line is too long';
const sampleBytes = 4096;

/** Long enough to recognise an echo, see `readEcho`. */
const beginningOf = (line: Buffer): string => line.toString('latin1', 0, 80);

const unreadable = (head: Buffer, size: number, reason: string): Unreadable => ({
  type: 'unreadable',
  head: head.subarray(0, sampleBytes),
  size,
  reason,
});
