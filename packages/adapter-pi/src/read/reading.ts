import { readExitRecord } from '@runtime/adapter-kit/run';
import { quarantine, redactBytes, type Line, type OversizeLine } from '@runtime/adapter-kit/source';
import type { Exit, RuntimeHandle, SessionEvent } from '@runtime/contracts/adapter';
import { lose } from '../translate/life.ts';
import { newTranslatorState, type TranslatorState } from '../translate/state.ts';
import { translate } from '../translate/translate.ts';
import { endAtExit } from '../translate/turns.ts';
import type { PiRecord } from '../wire.ts';
import { LineReader, type LineRecords } from './line-records.ts';

/** One line of Pi's output as events. Offsets are bytes in the file; `end` is behind the line feed. */
export interface Translated {
  readonly start: number;
  readonly end: number;
  readonly events: readonly SessionEvent[];
  /** One, unless bytes of others are in the line. */
  readonly records: readonly PiRecord[];
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
  readonly #lines: LineReader;
  #position: number;

  /** `secrets` are masked in samples of unreadable bytes only; the reader redacts the events. */
  constructor(
    secrets: readonly string[],
    state: TranslatorState = newTranslatorState(),
    position = 0,
    lines = new LineReader(),
  ) {
    this.state = state;
    this.#secrets = secrets;
    this.#position = position;
    this.#lines = lines;
  }

  /** The offset of the next line. */
  get position(): number {
    return this.#position;
  }

  /** The next line may be the rest of a record, and must not be skipped. */
  get isWithinRecord(): boolean {
    return this.#lines.isWithinRecord;
  }

  take(line: Line | OversizeLine): Translated {
    const { start, end } = line;
    this.#position = end;
    return this.#translated(this.#lines.take(line), start, end);
  }

  /** Skips a line. Events made from later lines may then be incomplete. */
  skip({ end }: Line | OversizeLine): void {
    this.#position = end;
  }

  /** Translates the end of the output: `rest`, which stands behind the last line feed, and the exit of the process. */
  finish(rest: Line | OversizeLine | undefined, exit: Exit): Translated {
    const start = this.#position;
    const torn = rest ? this.take(rest).events : [];
    const cut = this.#translated(this.#lines.finish(), start, start).events;
    const events = [...torn, ...cut, ...endAtExit(this.state, exit)];
    return { start, end: this.#position, events, records: [], isLast: true };
  }

  /** An independent copy that continues from here. */
  fork(): Reading {
    return new Reading(this.#secrets, structuredClone(this.state), this.#position, this.#lines.fork());
  }

  #translated({ found, lost }: LineRecords, start: number, end: number): Translated {
    if (lost) lose(this.state.life);
    const redact = (bytes: Buffer): Buffer => redactBytes(bytes, this.#secrets);
    const events = found.map((each) =>
      each.type === 'unreadable'
        ? [quarantine({ ...each, kind: 'malformed', start, end }, 'stdout', redact)]
        : translate(this.state, each),
    );
    return { start, end, events: events.flat(), records: found.filter((each) => each.type !== 'unreadable') };
  }
}

/** The recorded exit of a run that has ended. */
export async function exitOf({ runDir }: RuntimeHandle): Promise<Exit> {
  return (await readExitRecord(runDir))?.exit ?? { kind: 'unknown', why: 'no exit was recorded' };
}
