import { quarantinedByte, textFileSource, type Translator, type TextRecord } from '@runtime/adapter-kit/source';
import type { SessionEvent, SourceBatch } from '@runtime/contracts/adapter';

/** One of the two files that a run writes. */
export interface OutputSourceOptions {
  readonly path: string;
  readonly source: 'stdout' | 'stderr';
  /** As for `textFileSource`. */
  readonly after: string | undefined;
  readonly ended: () => boolean | Promise<boolean>;
  readonly secrets: readonly string[];
  /** Comes before the first text. */
  readonly atFirst?: SessionEvent;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** The file as `output.delta`. The first byte that is no UTF-8 is reported by one `output.quarantined`. */
export function outputSource(options: OutputSourceOptions): AsyncIterable<SourceBatch> {
  const { source, atFirst, after, ...common } = options;
  return textFileSource({
    ...common,
    ...(after === undefined ? {} : { after }),
    translator: () => outputTranslator(source, atFirst),
  });
}

function outputTranslator(source: 'stdout' | 'stderr', atFirst: SessionEvent | undefined): Translator<TextRecord> {
  let before = atFirst ? [atFirst] : [];
  return {
    translate: ({ text, invalid }) => {
      const first = before;
      before = [];
      return [...first, ...(invalid ? [quarantinedByte(invalid, source)] : []), { type: 'output.delta', source, text }];
    },
  };
}
