import { rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { findMarked } from '../../src/process/index.ts';
import { stopRun } from '../../src/run/index.ts';
import { testRun } from '../support/run.ts';

it('a run whose directory is gone is ended, and is not said to have never begun', async () => {
  await using run = await testRun();
  await run.sh('sleep 600');
  await rm(run.handle.runDir, { recursive: true });
  for (let times = 0; times < 2; times += 1) {
    expect(await stopRun(run.handle, { graceMs: 100 })).toMatchObject({
      kind: 'unknown',
      why: 'the run directory is not there',
    });
  }
  expect(await findMarked(run.handle.runId)).toEqual([]);
});

it('a run that was shut out never began', async () => {
  await using run = await testRun();
  expect(await stopRun(run.handle)).toEqual({ kind: 'unknown', why: 'no agent was ever begun' });
});
