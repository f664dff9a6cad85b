import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RuntimeHandle } from '@runtime/contracts/adapter';
import { expect, inject } from 'vitest';
import { findMarked } from '../../src/process/index.ts';
import { holderTools } from '../../src/run/holder-tools.ts';
import { holderArguments, type HolderSettings } from '../../src/run/start-holder.ts';
import { reapRun, startHolder, type HolderLaunch, type HolderRecord } from '../../src/run/index.ts';

let count = 0;

/** A run of its own in a temporary directory. Disposing it ends whatever is left, and fails when it could not. */
export interface TestRun extends AsyncDisposable {
  readonly handle: RuntimeHandle;
  readonly dir: string;
  start(command: readonly string[], options?: Partial<HolderLaunch>): Promise<HolderRecord>;
  sh(script: string, options?: Partial<HolderLaunch>): Promise<HolderRecord>;
  read(file: string): Promise<string>;
}

export async function testRun(): Promise<TestRun> {
  const dir = await mkdtemp(path.join(tmpdir(), 'adapter-kit-'));
  const runId = `t${process.pid}-${(count += 1)}-${Math.random().toString(36).slice(2, 8)}`;
  const handle: RuntimeHandle = {
    specVersion: 'runtime/1',
    runtime: 'test',
    taskId: 'task',
    runId,
    generation: 1,
    runDir: dir,
    survivesHost: true,
  };
  const start = (command: readonly string[], options: Partial<HolderLaunch> = {}): Promise<HolderRecord> =>
    startHolder({
      handle,
      command,
      cwd: dir,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      stdin: { kind: 'none' },
      ...options,
    });
  return {
    handle,
    dir,
    start,
    sh: (script, options) => start(['/bin/sh', '-c', script], options),
    read: (file) => readFile(path.join(dir, file), 'utf8'),
    [Symbol.asyncDispose]: async () => {
      await reapRun(handle, { graceMs: 0 });
      const left = await findMarked(runId);
      await rm(dir, { recursive: true, force: true });
      expect(left).toEqual([]);
    },
  };
}

/** The arguments of a holder whose agent works in the run's directory and reads nothing. */
export async function settingsOf({ dir, handle }: TestRun, settings: Partial<HolderSettings> = {}): Promise<string[]> {
  const stdin = { kind: 'none' } as const;
  return holderArguments({
    cwd: dir,
    runId: handle.runId,
    stdin,
    mount: '',
    tools: await holderTools(),
    owner: process.pid,
    ...settings,
  });
}

/** Waits until `look` gives something. Not `expect.poll`, which neither hooks nor concurrent tests may call. */
export async function eventually<T>(look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const ms = 20_000 * inject('slowness');
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`it did not come within ${ms} ms`);
    await delay(10);
  }
}

/** The code of what `work` throws. */
export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}
