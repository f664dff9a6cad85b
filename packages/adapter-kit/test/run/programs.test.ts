import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { findMarked } from '../../src/process/index.ts';
import { holderScript } from '../../src/run/holder-script.ts';
import { holderTools } from '../../src/run/holder-tools.ts';
import { cgroupPlace, readExitRecord, reapRun } from '../../src/run/index.ts';
import { prepareCgroup } from '../../src/run/run-tree.ts';
import type { HolderSettings } from '../../src/run/start-holder.ts';
import { mayHaveCgroups } from '../support/cgroups.ts';
import { eventually, settingsOf, testRun, type TestRun } from '../support/run.ts';

const names = 'date env grep head mkdir mkfifo mv ps rmdir setpriv setsid sleep sync sysctl tail tr wc'.split(' ');
const ownPath = 'PATH=/usr/bin:/bin${PATH:+:$PATH}';

interface Holding extends Partial<HolderSettings> {
  /** In the script, for what takes too long or not long enough here. */
  readonly instead?: readonly [text: string, other: string];
  /** Before the holder is started. */
  readonly prepare?: (run: TestRun) => Promise<void>;
  /** A program that the agent waits for before it ends. @default none: it ends at once */
  readonly awaits?: string;
}

/**
 * The programs that a holder has run when it is over, beside its own shell, the agent's and the agent.
 */
async function programsOf({ instead, prepare, awaits, ...given }: Holding = {}): Promise<string[]> {
  await using run = await testRun();
  await prepare?.(run);
  const [noted, shims] = [path.join(run.dir, 'noted'), path.join(run.dir, 'shims')];
  await mkdir(shims);
  for (const name of names) {
    const shim = `#!/bin/sh\necho ${name} >>"${noted}"\nPATH=/usr/bin:/bin\nexec ${name} "$@"\n`;
    await writeFile(path.join(shims, name), shim, { mode: 0o755 });
  }
  const replaced: readonly (readonly [string, string])[] = [
    [ownPath, `PATH=${shims}:/usr/bin:/bin`],
    ...(instead ? [instead] : []),
  ];
  let script = holderScript;
  for (const [text, other] of replaced) {
    expect(script).toContain(text);
    script = script.replace(text, other);
  }
  const tools = new Set(Object.values(await holderTools()).filter((file) => file !== ''));
  const settings = (await settingsOf(run, given)).map((value) =>
    tools.has(value) ? path.join(shims, path.basename(value)) : value,
  );
  const env = { ...process.env, RUNTIME_RUN_ID: run.handle.runId };
  const wait = awaits === undefined ? '' : `until grep -q ${awaits} "${noted}"; do sleep 0.01; done; `;
  const args = ['-c', script, 'h', ...settings, '/bin/sh', '-c', `${wait}exit 3`];
  const holder = spawn('/bin/sh', args, { stdio: 'ignore', cwd: run.dir, detached: true, env });
  await once(holder, 'exit');
  expect((await readExitRecord(run.dir))?.exit).toEqual({ kind: 'exited', code: 3 });
  // Before the reap: what is asked to end may be woken by the end of what it waits for first.
  const programs = (await readFile(noted, 'utf8')).trim().split('\n').sort();
  await reapRun(run.handle);
  expect(await findMarked(run.handle.runId)).toEqual([]);
  return programs;
}

/** The borrowed tools that this machine has, which stand before an agent. */
async function wrappers(): Promise<string[]> {
  const { setsid, setpriv, env } = await holderTools();
  return [setsid, setpriv, env].filter((file) => file !== '').map((file) => path.basename(file));
}

const isLinux = process.platform === 'linux';

it.runIf(isLinux)('a run starts a program for each step that a shell cannot do, and no other', async () => {
  expect(await programsOf()).toEqual(['mkdir', ...(await wrappers())].sort());
});

it.runIf(isLinux)('the exit record is synced by a holder whose owner is gone, and has it in no log', async () => {
  expect(await programsOf({ owner: 1 })).toEqual(['mkdir', 'sync', ...(await wrappers())].sort());
});

it.runIf(mayHaveCgroups)('a cgroup is one program more where its owner could not make it', async () => {
  const mount = await cgroupPlace({ runId: 'run-1' });
  expect(await programsOf({ mount })).toEqual(['mkdir', 'mkdir', ...(await wrappers())].sort());
  const prepare = async ({ handle }: TestRun) => void (await prepareCgroup(handle, mount));
  expect(await programsOf({ mount, prepare })).toEqual(['mkdir', ...(await wrappers())].sort());
});

const soon = ['nap 0.25', 'nap 900'] as const;

it.runIf(isLinux)('a limit of the output adds one that waits', async () => {
  expect(await programsOf({ maxOutputBytes: 1024 ** 3, instead: soon, awaits: 'sleep' })).toEqual(
    ['mkdir', 'sleep', ...(await wrappers())].sort(),
  );
});

it.runIf(mayHaveCgroups)('the wait ends with the agent where its cgroup is empty', async () => {
  const mount = await cgroupPlace({ runId: 'run-1' });
  await using run = await testRun();
  await prepareCgroup(run.handle, mount);
  const script = holderScript.replace(...soon);
  const settings = await settingsOf(run, { mount, maxOutputBytes: 1024 ** 3 });
  const env = { ...process.env, RUNTIME_RUN_ID: run.handle.runId };
  const args = ['-c', script, 'h', ...settings, '/bin/sh', '-c', 'exit 3'];
  const holder = spawn('/bin/sh', args, { stdio: 'ignore', cwd: run.dir, detached: true, env });
  await once(holder, 'exit');
  await eventually(async () => (await findMarked(run.handle.runId)).length === 0);
});
