import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { local } from '@runtime/adapter-local';
import { pi } from '@runtime/adapter-pi';
import { tmux } from '@runtime/adapter-tmux';
import { piAgent, plainAgent, type PlainStep } from '@runtime/conformance/scripted-agent';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { openControlPlane } from '@runtime/control-plane';
import { describe, expect, it } from 'vitest';
import { eventsOf, expectNothingLost, makeScene } from '../src/scene.ts';
import { gone } from '../src/victims.ts';

const ready = 'children are there\n';

/** Children that a plain kill of the agent, or of its process group, leaves behind. */
function brood(root: string): PlainStep[] {
  const file = (name: string): string => join(root, `${name}.pid`);
  return [
    { spawnChild: { sleepMs: 60_000, ignoreTerm: true, pidFile: file('ignores-term') } },
    { spawnChild: { sleepMs: 60_000, setsid: true, pidFile: file('setsid') } },
    { spawnChild: { sleepMs: 60_000, setsid: true, doubleFork: true, ignoreTerm: true, pidFile: file('double-fork') } },
    { ignoreTerm: true },
    { print: ready },
    { hang: true },
  ];
}

describe('cancelling a task', () => {
  it.each(['local', 'tmux'] as const)(
    'on %s ends children that ignore SIGTERM, setsid away or double-fork',
    async (runtime) => {
      await using scene = await makeScene(runtime);
      const { command } = plainAgent(brood(scene.root));
      const adapter: RuntimeAdapter =
        runtime === 'local'
          ? local({ id: runtime, command, prompt: 'stdin' })
          : tmux({ id: runtime, command, prompt: 'stdin' });
      await using plane = await openControlPlane({
        dataDir: scene.dataDir,
        adapters: [adapter],
        tuning: { stopGraceMs: 300 },
      });
      const task = await plane.submit(scene.request);
      let seen = '';
      for await (const event of task.events()) {
        if (event.type === 'output.delta') seen += event.text;
        if (seen.includes(ready.trim())) break;
      }
      const pids = await Promise.all(
        ['ignores-term', 'setsid', 'double-fork'].map(async (name) =>
          Number(await readFile(join(scene.root, `${name}.pid`), 'utf8')),
        ),
      );
      await task.cancel();
      expect(await task.outcome()).toEqual({ status: 'cancelled' });
      for (const pid of pids) expect(await gone(pid), `pid ${pid}`).toBe(true);
      await expectNothingLost(scene, await eventsOf(plane, task.id));
    },
  );

  it('on pi ends the tool that is running in a session of its own', async () => {
    await using scene = await makeScene('pi');
    const tool = { name: 'bash', args: { command: 'sleep 60' }, durationMs: 60_000, childSleepMs: 60_000 };
    await using plane = await openControlPlane({
      dataDir: scene.dataDir,
      adapters: [pi({ id: 'pi', command: piAgent({ rules: [{ steps: [{ text: 'x' }, { tool }] }] }).command })],
      tuning: { stopGraceMs: 500 },
    });
    const task = await plane.submit(scene.request);
    for await (const event of task.events()) if (event.type === 'tool.started') break;
    await task.cancel();
    expect(await task.outcome()).toEqual({ status: 'cancelled' });
    await expectNothingLost(scene, await eventsOf(plane, task.id));
  });
});
