import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskStreamEvent } from '@runtime/contracts';
import { narrate } from './narrator.ts';
import { showEvent } from './show-event.ts';
import { fileName, greeting, type Stage } from './stage.ts';
import { prompt } from './steered-task.ts';

/** Runs the same task without Pi: it starts over on tmux, and the log says so. Returns the id of the task. */
export async function runDegradedTask(stage: Stage): Promise<string> {
  narrate.act(
    2,
    'the same task without Pi',
    'Pi is taken away. The plane tries it, records why it cannot be used, and starts the task over on tmux.',
  );
  const workspace = await stage.makeWorkspace('on-tmux');
  await rm(stage.piLink);
  const task = await stage.plane.submit({ prompt, workspace, runtimes: ['pi', 'tmux'] });
  narrate.line(`Task ${task.id}: ${prompt}`);
  const events: TaskStreamEvent[] = [];
  for await (const event of task.events()) {
    events.push(event);
    showEvent(event);
  }
  const text = await readFile(join(workspace, fileName), 'utf8');
  narrate.line(`${fileName} holds ${JSON.stringify(text)}.`);

  assert.deepEqual(await task.outcome(), { status: 'succeeded' });
  assert.equal(text, `${greeting}\n`, 'the file is the same');
  const path = events.flatMap((event) => {
    if (event.type === 'run.starting') return [event.target.runtime];
    return event.type === 'runtime.degraded' ? [`${event.from.runtime} -> ${event.to.runtime}, ${event.policy}`] : [];
  });
  const degraded = path.indexOf('pi -> tmux, from-scratch');
  assert.ok(degraded > 0, 'the log says that it was degraded, after Pi was tried');
  assert.ok(
    path.slice(0, degraded).every((step) => step === 'pi'),
    'first Pi',
  );
  assert.deepEqual(path.slice(degraded + 1), ['tmux'], 'then tmux, once');
  assert.equal(events.filter(({ type }) => type === 'task.ended').length, 1);
  narrate.shown('the file is the same, tmux made it, and the log says that it was degraded and what was lost.');
  return task.id;
}
