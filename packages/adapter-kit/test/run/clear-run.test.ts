import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cgroupPath } from '../../src/process/cgroup.ts';
import { cgroupMount } from '../../src/process/index.ts';
import { clearRun, reapRun, runPaths, waitForExit } from '../../src/run/index.ts';
import { mayHaveCgroups } from '../support/cgroups.ts';
import { testRun } from '../support/run.ts';

it('of an ended run, claim, records and output stay, and what its adapter names does not', async () => {
  await using run = await testRun();
  await run.sh('echo out; exit 3', { stdin: { kind: 'fifo' } });
  await waitForExit(run.handle);
  await mkdir(path.join(run.dir, 'made', 'deep'), { recursive: true });
  await writeFile(path.join(run.dir, 'told'), '');
  await writeFile(path.join(run.dir, 'session.jsonl'), '');
  await reapRun(run.handle, { leftovers: ['made', 'told', 'never'] });
  const left = ['claim', 'exit.json', 'holder.json', 'session.jsonl', 'stderr.log', 'stdout.log'];
  expect((await readdir(run.dir)).sort()).toEqual(left);
  await reapRun(run.handle);
  expect((await readdir(run.dir)).sort()).toEqual(left);
});

it('what the holder said stays', async () => {
  await using run = await testRun();
  await run.sh('exit 0');
  await waitForExit(run.handle);
  await writeFile(runPaths(run.dir).holderLog, 'runtime holder: something\n');
  await reapRun(run.handle);
  expect(await readFile(runPaths(run.dir).holderLog, 'utf8')).toBe('runtime holder: something\n');
});

it.runIf(mayHaveCgroups)('where the cgroup is stays while there is one, for whoever reaps the run next', async () => {
  await using run = await testRun();
  await run.sh('exit 0');
  await waitForExit(run.handle);
  await reapRun(run.handle);
  const cgroup = (await cgroupPath((await cgroupMount()) ?? '', run.handle.runId)) ?? '';
  await mkdir(cgroup);
  try {
    await writeFile(runPaths(run.dir).cgroup, `${cgroup}\n`);
    await clearRun(run.handle);
    expect(await readFile(runPaths(run.dir).cgroup, 'utf8')).toBe(`${cgroup}\n`);
  } finally {
    await rmdir(cgroup);
  }
  await clearRun(run.handle);
  expect(await readdir(run.dir)).not.toContain('cgroup');
});
