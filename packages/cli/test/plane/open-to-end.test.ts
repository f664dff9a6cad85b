import { taskViewSchema } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import type { Planes } from '../../src/host/dependencies.ts';
import { nodePlanes } from '../../src/host/node-planes.ts';
import { Lab } from '../support/lab.ts';

/** A lab with a task whose owner has left. */
async function openLeft() {
  const lab = await Lab.open(() => [{ do: 'hang' }]);
  const { id } = taskViewSchema.parse((await lab.run('submit', 'x', '--json')).json());
  await lab.closeOwners();
  return { lab, id, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

/** The real planes, where something happens before one is opened. */
const planesAfter = (before: (opening: number) => Promise<unknown>): Planes => {
  const planes = nodePlanes();
  let openings = 0;
  const open: Planes['open'] = async (options) => {
    await before((openings += 1));
    return planes.open(options);
  };
  return { ...planes, open };
};

describe('cancel where no owner lived a moment ago', () => {
  it('goes to the owner that took the lock meanwhile', async () => {
    await using left = await openLeft();
    const { lab, id } = left;
    const planes = planesAfter(() => lab.run('serve', '--detach'));
    const cancelled = await lab.start(['cancel', id, '--wait', '--json'], { planes }).ended;
    expect(cancelled).toMatchObject({ code: 0, stderr: '' });
    expect(taskViewSchema.parse(cancelled.json()).status).toBe('cancelled');
    expect(lab.started).toBe(2);
  });

  it('waits for another command that has the lock for the same reason', async () => {
    await using left = await openLeft();
    const { lab, id } = left;
    const other = { ...lab.dependencies(), dataDir: lab.dataDir, listen: false, brief: true };
    const planes = planesAfter(async (opening) => {
      if (opening > 1) return;
      const plane = await nodePlanes().open(other);
      // While the first opening of the command finds the lock taken.
      setImmediate(() => void plane.close());
    });
    const cancelled = await lab.start(['cancel', id], { planes }).ended;
    expect(cancelled).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('cancelled') });
    expect(lab.started).toBe(1);
  });

  it('is waited for by a command that owns the data directory in its own process', async () => {
    await using lab = await Lab.open();
    const other = { ...lab.dependencies(), dataDir: lab.dataDir, listen: false, brief: true };
    const plane = await nodePlanes().open(other);
    const planes = planesAfter(async (opening) => {
      if (opening === 2) await plane.close();
    });
    const ran = await lab.start(['run', '--foreground', '-q', 'x'], { planes }).ended;
    expect(ran).toMatchObject({ code: 0, stderr: '' });
  });

  it('is the same for a host whose commands start no owner', async () => {
    await using left = await openLeft();
    const { lab, id } = left;
    const cancelled = await lab.start(['cancel', id], { startOwner: undefined }).ended;
    expect(cancelled).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('cancelled') });
    const asked = await lab.start(['close', id], { startOwner: undefined }).ended;
    expect(asked).toMatchObject({ code: 4 });
  });
});
