import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readExitRecord, runPaths } from '@runtime/adapter-kit/run';
import { expect, inject, test, vi } from 'vitest';
import { Stage, liveRuns, readAll, shown } from '../support/stage.ts';

/** tmux 3.3a forgets about 1.4 % of them (tmux commit fa5f3cef3, first in 3.6): 400 would lose five or six. */
const runs = 400;
const atOnce = 8;

test(
  '400 quick exits give 400 right codes, and the first and last line of each',
  { timeout: 180_000 * inject('slowness') },
  async () => {
    await using stage = await Stage.open();
    const wrong: string[] = [];
    const ids: string[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let number = next++; number < runs; number = next++) {
        const code = number % 141;
        const { session, handle } = await stage.bash(`echo first; echo last; exit ${code}`);
        ids.push(handle.runId);
        const events = await readAll(session);
        const exit = (await readExitRecord(handle.runDir))?.exit;
        if (exit?.kind !== 'exited' || exit.code !== code) wrong.push(`${number}: ${JSON.stringify(exit)} for ${code}`);
        if (shown(events) !== 'first\nlast\n') wrong.push(`${number}: ${JSON.stringify(shown(events))}`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    expect(wrong).toEqual([]);
    const alive = await liveRuns();
    expect(
      ids.filter((id) => alive.has(id)),
      'runs with a process left',
    ).toEqual([]);
  },
);

test.each(['TERM', 'KILL', 'INT', 'HUP', 'SEGV', 'USR1'])(
  'tells a death by SIG%s from an exit code',
  async (signal) => {
    await using stage = await Stage.open();
    const { session } = await stage.bash(`kill -${signal} $$; sleep 5`);
    await readAll(session);
    expect(await session.stop()).toEqual({ kind: 'signaled', signal: `SIG${signal}` });
  },
);

test.each([129, 130, 137, 143, 255])('tells the exit code %i from a death by a signal', async (code) => {
  await using stage = await Stage.open();
  const { session } = await stage.bash(`exit ${code}`);
  await readAll(session);
  expect(await session.stop()).toEqual({ kind: 'exited', code });
});

test('the record holds the time at which the exit was seen, whatever becomes of the file', async () => {
  await using stage = await Stage.open();
  const before = Date.now();
  const { session, handle } = await stage.bash('exit 0');
  await readAll(session);
  const after = Date.now();
  await session.stop();
  await utimes(runPaths(handle.runDir).exit, 1, 1);
  const endedAt = (await readExitRecord(handle.runDir))?.endedAt ?? 0;
  expect(endedAt).toBeGreaterThanOrEqual(before);
  expect(endedAt).toBeLessThanOrEqual(after);
});

test('says that it does not know where bash does not: a death by SIGPIPE looks like exit code 141', async () => {
  await using stage = await Stage.open();
  const { session } = await stage.bash('kill -PIPE $$; sleep 5');
  await readAll(session);
  expect((await session.stop()).kind).toBe('unknown');
});

test('an agent that stopped itself is told to go on, as there is nobody to type fg', async () => {
  await using stage = await Stage.open();
  const { session } = await stage.bash('kill -TSTP $$; echo on; exit 9');
  expect(shown(await readAll(session))).toBe('on\n');
  expect(await session.stop()).toEqual({ kind: 'exited', code: 9 });
});

test('an agent stopped with SIGSTOP stays so until SIGCONT, and its code is seen then', async () => {
  await using stage = await Stage.open();
  const { session } = await stage.bash('(sleep 0.7; kill -CONT $$) & kill -STOP $$; echo on; exit 9');
  expect(shown(await readAll(session))).toBe('on\n');
  expect(await session.stop()).toEqual({ kind: 'exited', code: 9 });
});

test('an exit is known while the disk is slow, the events do not wait for it, and no stop makes it unknown', async () => {
  await using stage = await Stage.open();
  const bin = join(stage.dir, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'sync'), '#!/bin/sh\nsleep 30\n', { mode: 0o755 });
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`);
  try {
    const { session } = await stage.bash('echo done; exit 7');
    expect((await readAll(session)).at(-1)).toMatchObject({ outcome: { code: 'exit_code', message: 'exit code 7' } });
    expect(await session.stop()).toEqual({ kind: 'exited', code: 7 });
  } finally {
    vi.unstubAllEnvs();
  }
});
