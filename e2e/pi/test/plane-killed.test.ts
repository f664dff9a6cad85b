import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { writeFileScenario } from '@runtime/conformance/model-server';
import { describe, it } from 'vitest';
import type { OwnerOrder } from './fixtures/owner.ts';
import { retry } from './support/plane.ts';
import { finish, openStage, runsOf, typesOf } from './support/stage.ts';

const prompt = 'Write it';

/** Around every effect, and around every append of a short task; `append.*:text.delta` stands for the increments. */
const failpoints = [
  'append.before:task.submitted',
  'append.after:task.submitted',
  'append.before:run.starting',
  'append.after:run.starting',
  'start.before',
  'start.after',
  'append.before:run.started',
  'append.after:run.started',
  'append.before:instruction.sending',
  'append.after:instruction.sending',
  'send.before',
  'send.after',
  'append.before:instruction.accepted',
  'append.after:instruction.accepted',
  'append.before:turn.started',
  'append.after:turn.started',
  'append.before:text.delta',
  'append.after:text.delta',
  'append.before:tool.started',
  'append.after:tool.started',
  'append.after:tool.ended',
  'append.before:turn.ended',
  'append.after:turn.ended',
  'append.before:run.stopping',
  'append.after:run.stopping',
  'stop.before',
  'stop.after',
  'append.before:run.ended',
  'reap.before',
  'reap.after',
  'append.after:run.ended',
  'append.before:task.ended',
  'append.after:task.ended',
];

/** The run was recorded and Pi provably not started: another run, the same attempt. */
const neverBegan: ReadonlySet<string> = new Set(['append.after:run.starting', 'start.before']);
/** Pi was there, and the new owner takes it over. */
const regained: ReadonlySet<string> = new Set(
  failpoints.slice(failpoints.indexOf('start.after'), failpoints.indexOf('append.after:run.ended')),
);

/** Runs an owner in a process of its own. Resolves with the signal that ended it. */
async function ownUntilKilled(order: OwnerOrder): Promise<unknown> {
  const owner = fileURLToPath(new URL('./fixtures/owner.ts', import.meta.url));
  const child = spawn(process.execPath, [owner, JSON.stringify(order)], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [, signal]: unknown[] = await once(child, 'exit');
  return signal;
}

describe.concurrent('when the plane is killed with -9, the next one ends the task as it would have ended', () => {
  for (const killAt of failpoints) {
    it(`at ${killAt}`, async ({ expect }) => {
      await using stage = await openStage(writeFileScenario({ path: 'note.txt', text: 'hello', steps: 6, stepMs: 30 }));
      expect(await ownUntilKilled({ setup: stage.setup, prompt, killAt }), 'the failpoint was passed').toBe('SIGKILL');
      const plane = await stage.open();
      // The same key: where the task is known it is that one, where it was lost before it was durable it is asked for
      // again.
      const task = await plane.submit({ prompt, workspace: stage.workspace, key: 'the-task', retry });
      const events = await finish(stage, task);
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      expect(await stage.read('note.txt')).toBe('hello\n');
      expect(await stage.starts(), 'Pi was started once').toHaveLength(1);
      expect(runsOf(events)).toHaveLength(neverBegan.has(killAt) ? 2 : 1);
      expect(typesOf(events).includes('run.reattached')).toBe(regained.has(killAt));
      expect(typesOf(events).filter((type) => type === 'tool.started')).toHaveLength(1);
    });
  }
});
