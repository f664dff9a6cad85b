import { fdatasyncSync, openSync, closeSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { percentile, secondsSince, type Contender, type Params, type Sample } from '../harness/contender.ts';
import { eventBytes } from './event.ts';
import { compileLimit } from './limit-program.ts';

/** The limit: append and fdatasync in a C program, compiled here; where there is no compiler, the same loop in Node. */
export default async function limit(dir: string): Promise<Contender> {
  const file = join(dir, 'events');
  const program = await compileLimit(dir);
  return {
    async run(params) {
      const sample = program ? await program('append', file, params) : nodeLoop(file, params);
      await rm(file);
      return { ...sample, compiled: program ? 1 : 0 };
    },
  };
}

function nodeLoop(file: string, { writers = 1, milliseconds = 0 }: Params): Sample {
  const bytes = Buffer.alloc(writers * eventBytes, 'x');
  const fd = openSync(file, 'a');
  const waits: number[] = [];
  const start = process.hrtime.bigint();
  const end = performance.now() + milliseconds;
  for (let at = performance.now(); at < end;) {
    writeSync(fd, bytes);
    fdatasyncSync(fd);
    const then = performance.now();
    waits.push((then - at) * 1000);
    at = then;
  }
  const perSecond = (waits.length * writers) / secondsSince(start);
  closeSync(fd);
  return { perSecond, p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) };
}
