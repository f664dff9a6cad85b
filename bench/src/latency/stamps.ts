import { fileURLToPath } from 'node:url';
import { percentile, type Params, type Sample } from '../harness/contender.ts';

/** The command that prints stamps, with its arguments. */
export function agent({ lines = 1, gapMs = 0 }: Params): string[] {
  return [process.execPath, fileURLToPath(new URL('./agent.mjs', import.meta.url)), String(lines), String(gapMs)];
}

/** While the first lines come, the agent and the reader still warm up. */
const ignored = 2;

/** How old the stamps are when their text arrives. */
export class Ages {
  readonly #milliseconds: number[] = [];
  #rest = '';

  take(text: string): void {
    const now = process.hrtime.bigint();
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#milliseconds.push(Number(now - BigInt(line)) / 1e6);
  }

  /** Throws when not every line came. */
  sample({ lines }: Params): Sample {
    const ages = this.#milliseconds;
    if (ages.length !== lines) throw new Error(`${ages.length} of ${lines} lines came`);
    const counted = ages.slice(ignored);
    return { p50: percentile(counted, 0.5), p99: percentile(counted, 0.99) };
  }
}
