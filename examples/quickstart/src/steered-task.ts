import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Receipt, TaskHandle } from '@runtime/contracts';
import { narrate } from './narrator.ts';
import { fileName, greeting, type Stage } from './stage.ts';
import { showEvent } from './show-event.ts';

export const prompt = `Write the file ${fileName} with the text "${greeting}".`;
const steer = 'and say goodbye, too';

/** Runs a task on Pi, which streams, writes a file and is steered meanwhile. Returns the id of the task. */
export async function runSteeredTask(stage: Stage): Promise<string> {
  narrate.act(
    1,
    'a task on Pi, steered while it runs',
    'Pi answers word by word and writes a file. Meanwhile a second instruction goes in, and each level that it reaches is shown when there is proof of it.',
  );
  const workspace = await stage.makeWorkspace('on-pi');
  const task = await stage.plane.submit({ prompt, workspace, runtimes: ['pi'] });
  narrate.line(`Task ${task.id}: ${prompt}`);
  let steering: Promise<string> | undefined;
  let deltas = 0;
  const written: unknown[] = [];
  for await (const event of task.events()) {
    showEvent(event);
    if (event.type === 'text.delta') deltas += 1;
    if (event.type === 'tool.started') written.push(event.name);
    // The model has started to answer: now steer its turn.
    if (steering || (event.type !== 'text.delta' && event.type !== 'tool.started')) continue;
    steering = steerInto(task);
    // Awaited below, after the task has ended.
    steering.catch(() => undefined);
  }
  const level = await steering;
  const { status: outcome, message = '' } = await task.outcome();
  assert.equal(outcome, 'succeeded', stage.live ? `Pi failed: ${message}` : message);
  const text = await readFile(join(workspace, fileName), 'utf8');
  narrate.line(`${fileName} holds ${JSON.stringify(text)}; the steer was ${level}.`);

  const status = await task.status();
  assert.deepEqual(
    status.runs.map((run) => run.runtime),
    ['pi'],
    'it took one run, on Pi',
  );
  assert.ok(written.includes('write') || stage.live, 'Pi called its tool `write`');
  assert.ok(deltas > 1 || stage.live, 'the text came in pieces');
  assert.ok(text.includes(greeting), 'the file holds the greeting');
  if (!stage.live) {
    assert.equal(level, 'observed', 'the steer was answered');
    assert.equal(text, `${greeting}\n${steer}\n`, 'the file holds the steer');
  }
  narrate.shown(`one run on Pi. The steer did not interrupt it, was ${level}, and is in the file.`);
  return task.id;
}

/** Steers the task and shows each level that the steer reaches: a level is shown only with evidence. */
async function steerInto(task: TaskHandle): Promise<string> {
  const receipt = await task.steer(steer);
  narrate.fact(`steer "${steer}": queued (durable here)`);
  for (const level of ['accepted', 'delivered', 'observed'] as const) {
    await receipt.reached(level);
    narrate.fact(`steer: ${level} (${meaning[level]})`);
  }
  return lastLevel(receipt);
}

const meaning = { accepted: 'Pi accepted it', delivered: 'it entered a turn', observed: 'the model answered after it' };

const lastLevel = (receipt: Receipt): Promise<string> => receipt.level();
