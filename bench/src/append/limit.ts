import { execFile } from 'node:child_process';
import { fdatasyncSync, openSync, closeSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { percentile, secondsSince, type Contender, type Params, type Sample } from '../harness/contender.ts';
import { eventBytes } from './event.ts';

const run = promisify(execFile);

/** The limit: append and fdatasync in a C program, compiled here; where there is no compiler, the same loop in Node. */
export default async function limit(dir: string): Promise<Contender> {
  const program = join(dir, 'limit');
  const file = join(dir, 'events');
  const compiled = await compile(program);
  return {
    async run(params) {
      const sample = compiled ? await runProgram(program, file, params) : nodeLoop(file, params);
      await rm(file);
      return { ...sample, compiled: compiled ? 1 : 0 };
    },
  };
}

async function compile(program: string): Promise<boolean> {
  const source = fileURLToPath(new URL('./limit.c', import.meta.url));
  try {
    await run('cc', ['-O2', '-o', program, source]);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function runProgram(program: string, file: string, { writers, milliseconds }: Params): Promise<Sample> {
  const { stdout } = await run(program, [file, String(writers), String(eventBytes), String(milliseconds)]);
  return JSON.parse(stdout) as Sample;
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
