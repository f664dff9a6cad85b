import { quarantinedByte, textFileSource, type TextRecord, type Translator } from '@runtime/adapter-kit/source';
import { maxEventTextChars, type SessionEvent, type SourceBatch } from '@runtime/contracts/adapter';
import { initialScreenState, translateScreen, type ScreenState } from './translate.ts';

export interface ScreenSourceOptions {
  /** The recording: raw bytes of the terminal. */
  readonly path: string;
  /** What ends it, as `ScreenState.endMark`. */
  readonly endMark: string;
  /** As for `textFileSource`. */
  readonly after: string | undefined;
  /** Told whether the end mark was read; true when nothing more will come. */
  readonly ended: (isComplete: boolean) => Promise<boolean>;
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
}

/** What an event carries as its `source`. */
const source = 'screen';

/**
 * A terminal's recording as `output.delta`, read as `textFileSource` reads.
 * The first byte that is no UTF-8 is reported by one `output.quarantined`, a recording without its end by an `output.gap`.
 */
export async function* screenSource(options: ScreenSourceOptions): AsyncGenerator<SourceBatch, void, undefined> {
  const { path, endMark, after, secrets, signal } = options;
  const translator = new ScreenTranslator(endMark);
  yield* textFileSource({
    path,
    secrets,
    signal,
    translator: () => translator,
    ended: () => options.ended(translator.isComplete),
    ...(after === undefined ? {} : { after }),
  });
}

class ScreenTranslator implements Translator<TextRecord> {
  #state: ScreenState;

  constructor(endMark: string) {
    this.#state = initialScreenState(endMark);
  }

  /** The end mark was read: what follows is not the agent's. */
  get isComplete(): boolean {
    return this.#state.isOver;
  }

  translate({ text, invalid }: TextRecord): SessionEvent[] {
    if (this.isComplete) return [];
    const translated = translateScreen(this.#state, text);
    this.#state = translated.state;
    const deltas = pieces(translated.text).map((piece): SessionEvent => ({
      type: 'output.delta',
      source,
      text: piece,
    }));
    return invalid ? [quarantinedByte(invalid, source), ...deltas] : deltas;
  }

  finish(): SessionEvent[] {
    if (this.isComplete) return [];
    const reason = 'the end of the recording was not seen: the last output may be missing';
    return [{ type: 'output.gap', source, reason }];
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
