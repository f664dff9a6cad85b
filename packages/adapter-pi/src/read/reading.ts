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

/** What one line of Pi's output became. Offsets are bytes in the file; `end` is behind the line feed. */
export interface Translated {
  readonly start: number;
  readonly end: number;
  readonly events: readonly SessionEvent[];
  /** Undefined for a line that is no record. */
  readonly record?: PiRecord;
  /** What the end of the output brought; nothing follows. */
  readonly isLast?: true;
}

/** One pass over Pi's output, line by line from the first: the translator's state, and how far it has come. */
export class Reading {
  readonly state: TranslatorState;
  readonly #secrets: readonly string[];
  #position: number;

  /** `secrets` are kept out of the samples of lines that are no record; events are redacted by the reader. */
  constructor(secrets: readonly string[], state: TranslatorState = newTranslatorState(), position = 0) {
    this.state = state;
    this.#secrets = secrets;
    this.#position = position;
  }

  /** The offset at which the next line begins. */
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

  /** Passes over a line that only readers of the events need. The events of later lines are incomplete from here on. */
  skip({ end }: Line | OversizeLine): void {
    this.#position = end;
  }

  /** Takes the end: what stands behind the last line feed, if anything, and the exit of the process. */
  finish(rest: Line | OversizeLine | undefined, exit: Exit): Translated {
    const start = this.#position;
    const torn = rest ? this.take(rest).events : [];
    return { start, end: this.#position, events: [...torn, ...endAtExit(this.state, exit)], isLast: true };
  }

  /** The same pass for somebody else, who goes on by themselves from here. */
  fork(): Reading {
    return new Reading(this.#secrets, structuredClone(this.state), this.#position);
  }
}

/** The exit of a run that has ended, as it was seen. */
export async function exitOf({ runDir }: RuntimeHandle): Promise<Exit> {
  return (await readExitRecord(runDir))?.exit ?? { kind: 'unknown', why: 'its end was not seen' };
}

/** A line that is no record of Pi. */
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
  // As it reads without escapes: a secret may be written with some.
  return unreadable(Buffer.from(JSON.stringify(parsed.value).slice(0, sampleBytes)), written, record.reason);
}

const tooLong = 'the line is too long';
const sampleBytes = 4096;

/** Enough to tell an echo, see `readEcho`. */
const beginningOf = (line: Buffer): string => line.toString('latin1', 0, 80);

const unreadable = (head: Buffer, size: number, reason: string): Unreadable => ({
  type: 'unreadable',
  head: head.subarray(0, sampleBytes),
  size,
  reason,
});
