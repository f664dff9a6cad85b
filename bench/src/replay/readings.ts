import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Setting } from '../harness/options.ts';
import type { MakeLog } from './make-log.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('./read.mjs', import.meta.url));
const maker = fileURLToPath(new URL('./make-log.ts', import.meta.url));

export interface Reading {
  readonly events: number;
  readonly seconds: number;
  /** Of all threads: steadier than the clock on a machine that does other things too. */
  readonly cpuSeconds: number;
  /** The most memory that was resident. */
  readonly megabytes: number;
}

export type What = 'replay' | 'jsonl' | 'look' | 'open' | 'verify';

/** Reads once, in a process of its own. Throws when it did not find as many events as it should. */
export async function reading({ execArgv }: Setting, what: What, path: string, expected: number): Promise<Reading> {
  const { stdout } = await run(process.execPath, [...execArgv, program, what, path]);
  const result = JSON.parse(stdout) as Reading;
  if (result.events !== expected) throw new Error(`${what} of ${path} gave ${result.events} events, not ${expected}`);
  return result;
}

/** Makes a log. Returns how many events it holds. */
export async function makeLog({ execArgv }: Setting, what: MakeLog): Promise<number> {
  const { stdout } = await run(process.execPath, [...execArgv, maker, JSON.stringify(what)]);
  return Number(stdout);
}

/** Lets opening do without checkpoints. Returns how many there were. */
export async function removeCheckpoints(dir: string): Promise<number> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.checkpoint'));
  for (const name of names) await rm(join(dir, name));
  return names.length;
}
