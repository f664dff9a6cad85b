import { createRedactor, quarantine, tailFile, Utf8Stream, type DecodedBytes } from '@runtime/adapter-kit/source';
import { AgentRuntimeError } from '@runtime/contracts';
import { maxEventTextChars, type SessionEvent, type SourceBatch } from '@runtime/contracts/adapter';
import { initialScreenState, translateScreen, type ScreenState } from './translate.ts';

export interface ScreenSourceOptions {
  /** The recording: raw bytes of the terminal. */
  readonly path: string;
  /** What ends it, as `ScreenState.endMark`. */
  readonly endMark: string;
  /** `<bytes>`, or `<bytes>+` behind the end. */
  readonly after: string | undefined;
  /** Told whether the end mark was read; true when nothing more will come. */
  readonly ended: (isComplete: boolean) => Promise<boolean>;
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
}

/** What an event carries as its `source`. */
const source = 'screen';
const chunkBytes = 64 * 1024;

/**
 * A terminal's recording as `output.delta`: from its beginning and silently up to `after`, then as it grows, until `ended`.
 * Where it is cut varies from reading to reading; the joined text behind a cursor does not.
 * The first byte that is no UTF-8 is told by one `output.quarantined`, a recording without its end by an `output.gap`.
 */
export async function* screenSource(options: ScreenSourceOptions): AsyncGenerator<SourceBatch, void, undefined> {
  const { path, signal } = options;
  const after = readCursor(options.after);
  const redactor = createRedactor(options.secrets);
  const reading = new Reading(options.endMark);
  const ended = (): Promise<boolean> => options.ended(reading.isComplete);
  let end = 0;
  for await (const { bytes, start } of tailFile(path, { ended, chunkBytes, boundary: after.offset, signal })) {
    end = start + bytes.length;
    const events = redactor.apply(reading.read(bytes));
    if (events.length > 0 && start >= after.offset) yield { cursor: String(end), events };
  }
  if (signal.aborted || after.finished) return;
  const events = [...redactor.apply(reading.finish()), ...redactor.finish()];
  if (events.length > 0) yield { cursor: `${end}+`, events };
}

class Reading {
  readonly #utf8 = new Utf8Stream();
  #state: ScreenState;

  constructor(endMark: string) {
    this.#state = initialScreenState(endMark);
  }

  get isComplete(): boolean {
    return this.#state.mode === 'over';
  }

  read(bytes: Buffer): SessionEvent[] {
    return this.isComplete ? [] : this.#tell(this.#utf8.push(bytes));
  }

  finish(): SessionEvent[] {
    if (this.isComplete) return [];
    const reason = 'the end of the recording was not seen: the last output may be missing';
    return [...this.#tell(this.#utf8.flush()), { type: 'output.gap', source, reason }];
  }

  #tell({ text, invalid }: DecodedBytes): SessionEvent[] {
    const translated = translateScreen(this.#state, text);
    this.#state = translated.state;
    const deltas = pieces(translated.text).map((piece): SessionEvent => ({
      type: 'output.delta',
      source,
      text: piece,
    }));
    if (!invalid) return deltas;
    const { offset, byte } = invalid;
    const reason = `not UTF-8, from byte ${offset} on; U+FFFD stands for it here and further on`;
    const head = Buffer.of(byte);
    return [
      quarantine({ kind: 'malformed', start: offset, end: offset + 1, size: 1, head, reason }, source),
      ...deltas,
    ];
  }
}

/** Cut so that no character is cut in two. */
function pieces(text: string): string[] {
  const result: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + maxEventTextChars);
    if (to < text.length && /[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to -= 1;
    result.push(text.slice(from, to));
    from = to;
  }
  return result;
}

function readCursor(cursor: string | undefined): { readonly offset: number; readonly finished: boolean } {
  if (cursor === undefined) return { offset: 0, finished: false };
  const [, digits, plus] = /^(\d{1,15})(\+?)$/.exec(cursor) ?? [];
  if (digits === undefined) throw new AgentRuntimeError('INVALID_ARGUMENT', `not a cursor: ${cursor.slice(0, 80)}`);
  return { offset: Number(digits), finished: plus === '+' };
}
