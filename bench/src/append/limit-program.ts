import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Params, Sample } from '../harness/contender.ts';
import { eventBytes } from './event.ts';

const run = promisify(execFile);

/** How a group of events becomes durable: by append and fdatasync, or by overwriting through O_DSYNC. */
export type Technique = 'append' | 'overwrite';

/** The loop in C, into `file`. */
export type LimitProgram = (technique: Technique, file: string, params: Params) => Promise<Sample>;

/** Compiles it into `dir`; undefined without a compiler. */
export async function compileLimit(dir: string): Promise<LimitProgram | undefined> {
  const program = join(dir, 'limit');
  try {
    await run('cc', ['-O2', '-o', program, fileURLToPath(new URL('./limit.c', import.meta.url))]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return async (technique, file, { writers, milliseconds }) => {
    const args = [file, String(writers), String(eventBytes), String(milliseconds), technique];
    return JSON.parse((await run(program, args)).stdout) as Sample;
  };
}
