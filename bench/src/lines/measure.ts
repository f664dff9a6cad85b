import { secondsSince, type Contender, type Params } from '../harness/contender.ts';
import { jsonLines, oneLine } from './input.ts';

/** Cuts the chunks into lines and gives the text of each. */
export type Split = (chunks: readonly Buffer[], onLine: (text: string) => void) => Promise<void> | void;

/** The fastest of so many: only the processor is measured here, and other processes take it away at times. */
const repeats = 3;

/** Measures a splitter over `megabytes` of lines of `lineBytes` (0: one line), each parsed when `parse` is 1. */
export function splitting(split: Split): Contender {
  let cached: { key: string; chunks: Buffer[] } | undefined;
  const input = ({ lineBytes = 0, megabytes = 1 }: Params): Buffer[] => {
    const key = `${lineBytes} ${megabytes}`;
    if (cached?.key !== key) {
      const bytes = megabytes * 1024 * 1024;
      cached = { key, chunks: lineBytes === 0 ? oneLine(bytes) : jsonLines(lineBytes, bytes) };
    }
    return cached.chunks;
  };
  const once = async (chunks: readonly Buffer[], parse: boolean): Promise<number> => {
    let lines = 0;
    let units = 0;
    const start = process.hrtime.bigint();
    await split(chunks, (text) => {
      lines += 1;
      units += parse ? (JSON.parse(text) as { text: string }).text.length : text.length;
    });
    const seconds = secondsSince(start);
    if (lines === 0 || units === 0) throw new Error('no lines came out');
    return seconds;
  };
  return {
    async run(params) {
      const chunks = input(params);
      const times: number[] = [];
      for (let repeat = 0; repeat < repeats; repeat += 1) times.push(await once(chunks, params['parse'] === 1));
      return { seconds: Math.min(...times) };
    },
  };
}
