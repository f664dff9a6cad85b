import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NotThere } from '../harness/contender.ts';
import type { Setting } from '../harness/options.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('./run-tasks.ts', import.meta.url));
const [few, many] = [1, 6];

/** What the plane and all processes below it did for each task. */
export interface Traced {
  /** Programs executed. */
  readonly programs: number;
  /** Files and file systems synced. */
  readonly syncs: number;
  /** Writes of the log, each of which is synced by itself. */
  readonly logWrites: number;
}

/** Traces a few tasks and a few more: the difference is theirs alone. Throws NotThere without a tracer. */
export async function traced(setting: Setting): Promise<Traced> {
  const first = await trace(setting, few);
  const second = await trace(setting, many);
  const each = (key: keyof Traced): number => (second[key] - first[key]) / (many - few);
  return { programs: each('programs'), syncs: each('syncs'), logWrites: each('logWrites') };
}

async function trace({ dir, execArgv }: Setting, tasks: number): Promise<Traced> {
  const own = join(dir, `traced-${tasks}`);
  await mkdir(own, { recursive: true });
  const output = join(own, 'trace');
  const calls = 'trace=execve,fsync,fdatasync,sync,syncfs,pwrite64,pwritev';
  const tracer = ['-f', '-qq', '-y', '-s', '0', '-e', 'signal=none', '-e', calls, '-o', output];
  try {
    await run('strace', [...tracer, process.execPath, ...execArgv, program, own, String(tasks)]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new NotThere('no strace here');
    throw error;
  }
  const lines = (await readFile(output, 'latin1')).split('\n');
  const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
  return {
    programs: count(/ (execve\(|<\.\.\. execve resumed>).* = 0$/),
    syncs: count(/ ((fsync|fdatasync|sync|syncfs)\(|<\.\.\. (fsync|fdatasync|sync|syncfs) resumed>).* = 0$/),
    logWrites: count(/ pwrite(64|v)\(\d+<[^>]*\/log\/\d+\.jsonl>/),
  };
}
