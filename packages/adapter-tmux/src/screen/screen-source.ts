import {
  eventPieces,
  quarantinedByte,
  textFileSource,
  type TextRecord,
  type Translator,
} from '@runtime/adapter-kit/source';
import type { SessionEvent, SourceBatch } from '@runtime/contracts/adapter';
import type { RecordingWatch } from './recording-watch.ts';
import { initialScreenState, translateScreen, type ScreenState } from './translate.ts';

export interface ScreenSourceOptions {
  /** The recording: raw bytes of the terminal. */
  readonly path: string;
  /** What ends it, as `ScreenState.endMark`. */
  readonly endMark: string;
  /** As for `textFileSource`. */
  readonly after: string | undefined;
  readonly watch: RecordingWatch;
  readonly secrets: readonly string[];
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** What an event carries as its `source`. */
const source = 'screen';

/**
 * A terminal's recording as `output.delta`, read as `textFileSource` reads.
 * The first byte that is no UTF-8 is reported by one `output.quarantined`, a recording without its end by an
 * `output.gap`.
 */
export async function* screenSource(options: ScreenSourceOptions): AsyncGenerator<SourceBatch, void, undefined> {
  const { path, endMark, after, watch, secrets, follow, signal } = options;
  const translator = new ScreenTranslator(endMark);
  const { signs, isDoubtful } = watch;
  const again = (): number | undefined => (translator.isComplete ? 0 : watch.again());
  yield* textFileSource({
    path,
    secrets,
    follow,
    signal,
    translator: () => translator,
    ended: Object.assign(() => watch.ended(translator.isComplete), { signs, isDoubtful, again }),
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
    const deltas = eventPieces(translated.text).map((piece): SessionEvent => ({
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
