import type * as Kit from '@runtime/adapter-kit/run';
import { afterAll, expect, test, vi } from 'vitest';
import { Stage, countAll } from '../support/stage.ts';

// Files share a process and its modules: this one has modules of its own, with the double in them.
vi.hoisted(() => vi.resetModules());
afterAll(() => void vi.resetModules());

/** The first look at the exit record finds no file descriptor left, as on a machine that has run out of them. */
vi.mock('@runtime/adapter-kit/run', async (original) => {
  const kit = await original<typeof Kit>();
  let looks = 0;
  return {
    ...kit,
    readExitRecord: (runDir: string) => {
      looks += 1;
      if (looks === 1) return Promise.reject(Object.assign(new Error('too many open files'), { code: 'EMFILE' }));
      return kit.readExitRecord(runDir);
    },
  };
});

test('a start that fails once its agent has begun does not say that nothing was', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('go');
  const started = stage.start({ command: ['bash', '-c', 'touch ran; sleep 600', '{prompt}'] }, launch);
  await expect(started).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect(await countAll(launch.handle)).toBe(0);
});
