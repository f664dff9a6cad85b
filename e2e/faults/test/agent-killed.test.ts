import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredEvent } from '@runtime/contracts/log';
import { describe, expect, inject, it } from 'vitest';
import { runtimeNames } from '../src/runtimes.ts';
import { eventsOf, expectNothingLost, makeScene, openHere, type Scene } from '../src/scene.ts';
import { gone, pidsOf, runningRunDir, tmuxServerOf } from '../src/victims.ts';

const gated = (name: (typeof runtimeNames)[number]): Promise<Scene> => makeScene(name, { pauseMs: 10 });

async function playOut(scene: Scene, kill: (runDir: string) => Promise<void>, request = {}) {
  const gate = join(scene.root, 'gate');
  await using plane = await openHere({ ...scene, agent: { ...scene.agent, gate } });
  const task = await plane.submit({ ...scene.request, ...request });
  await kill(await runningRunDir(plane, task.id));
  await writeFile(gate, '');
  const approval = async () => (await task.status()).approvals.at(0);
  return {
    events: async () => eventsOf(plane, task.id),
    outcome: await task.outcome({ signal: AbortSignal.timeout(40_000 * inject('slowness')) }),
    approval,
    all: await eventsOf(plane, task.id),
  };
}

const firstEnd = (events: readonly StoredEvent[]): StoredEvent | undefined =>
  events.find(({ type }) => type === 'run.ended');

describe('an agent that is killed', () => {
  it.each(runtimeNames)(
    'on %s is started again where the task says so, and its signal is recorded as it was seen',
    async (runtime) => {
      await using scene = await gated(runtime);
      const { outcome, all } = await playOut(
        scene,
        async (runDir) => {
          const { agent } = await pidsOf(runDir);
          process.kill(agent, 'SIGKILL');
          expect(await gone(agent)).toBe(true);
        },
        { recovery: 'restart' },
      );
      expect(firstEnd(all)).toMatchObject({
        exit: { kind: 'signaled', signal: 'SIGKILL' },
        outcome: { status: 'failed', code: 'killed' },
      });
      expect(outcome).toEqual({ status: 'succeeded' });
      await expectNothingLost(scene, all);
    },
  );

  it.each(['local', 'tmux'] as const)(
    'on %s leaves the decision to a person where nobody knows what it had done, and the task is lost when none is made',
    async (runtime) => {
      await using scene = await gated(runtime);
      const { outcome, all } = await playOut(
        scene,
        async (runDir) => {
          process.kill((await pidsOf(runDir)).agent, 'SIGKILL');
        },
        { recovery: 'auto', recoveryTimeoutMs: 300 },
      );
      expect(all.map(({ type }) => type)).toContain('approval.requested');
      expect(outcome).toMatchObject({ status: 'lost' });
      expect(all.filter(({ type }) => type === 'run.starting')).toHaveLength(1);
      await expectNothingLost(scene, all);
    },
  );
});

describe('a holder that is killed', () => {
  it.each(runtimeNames)('on %s takes its agent with it, and no exit code is invented', async (runtime) => {
    await using scene = await gated(runtime);
    const { outcome, all } = await playOut(
      scene,
      async (runDir) => {
        const { holder, agent } = await pidsOf(runDir);
        process.kill(holder, 'SIGKILL');
        // Before its gate opens: in the moment until it is ended it could still finish its work.
        expect(await gone(agent)).toBe(true);
      },
      { recovery: 'restart' },
    );
    expect(firstEnd(all)).toMatchObject({ exit: { kind: 'unknown' }, outcome: { status: 'lost' } });
    expect(outcome).toEqual({ status: 'succeeded' });
    await expectNothingLost(scene, all);
  });
});

describe('a tmux server that is killed', () => {
  it('takes nothing else with it: its run is lost, and the next one has a server of its own', async () => {
    await using scene = await gated('tmux');
    const { outcome, all } = await playOut(
      scene,
      async (runDir) => {
        const { agent } = await pidsOf(runDir);
        process.kill(await tmuxServerOf(runDir), 'SIGKILL');
        // It waits at its gate and knows nothing of it: whoever notices the loss ends it.
        expect(await gone(agent)).toBe(true);
      },
      { recovery: 'restart' },
    );
    // An agent may end by itself when its terminal hangs up; then its exit was seen, and still says nothing about the
    // work.
    expect(firstEnd(all)).toMatchObject({ outcome: { status: 'lost' } });
    expect(outcome).toEqual({ status: 'succeeded' });
    await expectNothingLost(scene, all);
  });
});
