import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { taskViewSchema, type TaskView } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import type { CliDependencies } from '../../src/host/dependencies.ts';
import { Lab } from '../support/lab.ts';

const view = (document: unknown): TaskView => taskViewSchema.parse(document);

/** A task that works until the lab is closed, and the id of its run. */
async function working(lab: Lab, cwd = lab.workspace): Promise<{ readonly id: string; readonly runId: string }> {
  const running = lab.start(['run', 'outer'], { cwd });
  await running.stdout.holds('working');
  const { id, runs } = view((await lab.start(['status', 'last', '--json'], { cwd }).ended).json());
  return { id, runId: runs.at(-1)?.runId ?? '' };
}
const open = () => Lab.open(() => [{ do: 'say', text: 'working' }, { do: 'hang' }]);

/** How a command knows its run: from its environment, or, where that was cleared, from its ancestors. */
const ways: readonly (readonly [string, (runId: string) => Partial<CliDependencies>])[] = [
  ['named by its environment', (runId) => ({ env: { PATH: '/usr/bin:/bin', RUNTIME_RUN_ID: runId } })],
  ['found from its ancestors', (runId) => ({ findCallingRun: () => Promise.resolve(runId) })],
];

describe.each(ways)('a command of a run that is %s', (_way, as) => {
  it.each([
    ['wait'],
    ['watch'],
    ['events', '-f'],
    ['events', '--follow', '--after', 'now', '--type', 'task.ended'],
    ['close', '--wait'],
    ['steer', 'x', '--wait', 'delivered'],
    ['steer', 'x', '--wait', 'observed'],
    ['follow-up', 'x', '--wait', 'delivered'],
  ])('is refused to wait for its own task: %s %s %s %s', async (command, ...rest) => {
    await using lab = await open();
    const { id, runId } = await working(lab);
    const { code, stderr } = await lab.start([command, id, ...rest], as(runId)).ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining('would wait for itself')]);
    // Nothing was sent that is not waited for.
    const { instructions, close } = view((await lab.run('status', id, '--json')).json());
    expect([instructions.length, close]).toEqual([1, undefined]);
  });

  it('is refused to wait for a task above it', async () => {
    await using lab = await open();
    const above = await working(lab);
    const inner = lab.start(['run', 'inner'], as(above.runId));
    await inner.stdout.holds('working');
    const { runs, parent } = view((await lab.run('status', 'last', '--json')).json());
    expect(parent).toEqual({ taskId: above.id, runId: above.runId });
    const { stderr } = await lab.start(['events', '-f', above.id], as(runs[0]?.runId ?? '')).ended;
    expect(stderr).toContain('would wait for itself');
  });

  it('may look at its own task, and tell it something without waiting', async () => {
    await using lab = await open();
    const { id, runId } = await working(lab);
    for (const command of [
      ['events', id],
      ['status', id],
      ['steer', id, 'x'],
      ['steer', id, 'x', '--wait', 'accepted'],
    ])
      expect([command, (await lab.start(command, as(runId)).ended).code]).toEqual([command, 0]);
  });
});

it('a command that waits for nothing does not look for its run', async () => {
  await using lab = await open();
  await working(lab);
  const findCallingRun = (): Promise<never> => Promise.reject(new Error('nobody waits'));
  for (const command of ['list', 'status', 'events', 'interrupt', 'steer']) {
    const rest = command === 'list' ? [] : command === 'steer' ? ['last', 'x'] : ['last'];
    expect([command, (await lab.start([command, ...rest], { findCallingRun }).ended).code]).toEqual([command, 0]);
  }
});

it('following the events of another task counts as waiting for it', async () => {
  await using lab = await open();
  const first = await working(lab);
  const beside = join(lab.root, 'beside');
  await mkdir(beside);
  const second = await working(lab, beside);
  const follow = (id: string, runId: string) =>
    lab.start(['events', '-f', id], { findCallingRun: () => Promise.resolve(runId) });
  const following = [follow(first.id, second.runId), follow(second.id, first.runId)];
  // The later wait closes the circle, and is the one that ends.
  const refused = await Promise.race(following.map(({ ended }) => ended));
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('would never end')]);
  for (const each of following) each.signal('SIGINT');
  const ends = await Promise.all(following.map(({ ended }) => ended));
  expect(ends.map(({ code }) => code).toSorted((a, b) => a - b)).toEqual([1, 130]);
});
