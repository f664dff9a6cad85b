import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { findMarked } from '../../src/process/index.ts';
import { holderScript } from '../../src/run/holder-script.ts';
import { holderTools } from '../../src/run/holder-tools.ts';
import { cgroupPlace, readExitRecord } from '../../src/run/index.ts';
import type { HolderSettings } from '../../src/run/start-holder.ts';
import { eventually, settingsOf, testRun } from '../support/run.ts';

const names = 'date env grep head mkdir mkfifo mv ps rmdir setpriv setsid sleep sync sysctl tail tr wc'.split(' ');
const ownPath = 'PATH=/usr/bin:/bin${PATH:+:$PATH}';

/** The programs that a holder runs for an agent that ends at once, beside its own shell, the agent's and the agent. */
async function programsOf(given: Partial<HolderSettings> = {}): Promise<string[]> {
  await using run = await testRun();
  const [noted, shims] = [path.join(run.dir, 'noted'), path.join(run.dir, 'shims')];
  await mkdir(shims);
  for (const name of names) {
    const shim = `#!/bin/sh\necho ${name} >>"${noted}"\nPATH=/usr/bin:/bin\nexec ${name} "$@"\n`;
    await writeFile(path.join(shims, name), shim, { mode: 0o755 });
  }
  const script = holderScript.replace(ownPath, `PATH=${shims}:/usr/bin:/bin`);
  expect(script).not.toBe(holderScript);
  const tools = new Set(Object.values(await holderTools()).filter((file) => file !== ''));
  const settings = (await settingsOf(run, given)).map((value) =>
    tools.has(value) ? path.join(shims, path.basename(value)) : value,
  );
  const env = { ...process.env, RUNTIME_RUN_ID: run.handle.runId };
  const args = ['-c', script, 'h', ...settings, '/bin/sh', '-c', 'exit 3'];
  const holder = spawn('/bin/sh', args, { stdio: 'ignore', cwd: run.dir, detached: true, env });
  await once(holder, 'exit');
  expect((await readExitRecord(run.dir))?.exit).toEqual({ kind: 'exited', code: 3 });
  await eventually(async () => (await findMarked(run.handle.runId)).length === 0);
  return (await readFile(noted, 'utf8')).trim().split('\n').sort();
}

/** The borrowed tools that this machine has, which stand before an agent. */
async function wrappers(): Promise<string[]> {
  const { setsid, setpriv, env } = await holderTools();
  return [setsid, setpriv, env].filter((file) => file !== '').map((file) => path.basename(file));
}

const isLinux = process.platform === 'linux';

it.runIf(isLinux)('a run starts a program for each step that a shell cannot do, and no other', async () => {
  expect(await programsOf()).toEqual(['mkdir', 'sync', ...(await wrappers())].sort());
});

it.runIf(isLinux)('a cgroup is one program more, where there may be one', async (test) => {
  const mount = await cgroupPlace({ runId: 'run-1' });
  test.skip(mount === '', 'there is no unified hierarchy');
  expect(await programsOf({ mount })).toEqual(['mkdir', 'mkdir', 'sync', ...(await wrappers())].sort());
});

it.runIf(isLinux)('a limit of the output adds those that count it, and one look for what is left', async () => {
  const limit = ['mkfifo', 'tail', 'head', 'wc', 'wc', 'grep', 'tr'];
  expect(await programsOf({ maxOutputBytes: 1024 ** 3 })).toEqual(
    ['mkdir', 'sync', ...limit, ...(await wrappers())].sort(),
  );
});
