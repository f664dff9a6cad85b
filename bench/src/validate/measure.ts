import { median, secondsSince, type Contender } from '../harness/contender.ts';
import { kinds, reported } from './events.ts';

const slice = 256;

/** Takes events as JSON. `kind` is the only kind that comes; -1: those of a real task in turn. */
export function taking(take: (bytes: Buffer) => boolean): Contender {
  const bytesOf = (event: object): Buffer => Buffer.from(JSON.stringify(event));
  const [task, each] = [reported.map(bytesOf), kinds.map(bytesOf)];
  return {
    async run({ kind = -1, milliseconds = 0 }) {
      const chosen = kind < 0 ? task : each.slice(kind, kind + 1);
      const slices: number[] = [];
      const end = performance.now() + milliseconds;
      while (performance.now() < end) {
        const start = process.hrtime.bigint();
        for (let index = 0; index < slice; index += 1) {
          const document = chosen[index % chosen.length];
          if (!document || !take(document)) throw new Error(`refused: ${String(document)}`);
        }
        slices.push((secondsSince(start) * 1e9) / slice);
      }
      // In most slices nobody else took the processor.
      return { nanoseconds: median(slices) };
    },
  };
}
