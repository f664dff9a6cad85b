import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { finish, openStage, type Stage } from './support/stage.ts';

const well = { rules: [{ reply: { text: 'All is well.' } }] };
const spoiled = '{"anthropic":{"type":"api_key","key":"sk-very-secret"';

/** The outcome of a task with this file in Pi's agent directory. */
async function outcomeWith(stage: Stage, name: string, content: string, model?: string) {
  const file = join(stage.root, 'home', '.pi', 'agent', name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, content);
  const plane = await stage.open();
  const runtimes = [{ runtime: 'pi', ...(model === undefined ? {} : { model }) }];
  const task = await plane.submit({ prompt: 'Try', workspace: stage.workspace, runtimes });
  const events = await finish(stage, task);
  expect(JSON.stringify(events)).not.toContain('sk-very-secret');
  expect(await stage.starts(), 'it is not tried again').toHaveLength(1);
  return { file, outcome: await task.outcome() };
}

describe('a file that Pi cannot read, which Pi itself does not say', () => {
  it.each([
    ['auth.json', undefined, 'auth'],
    ['models.json', undefined, 'invalid_request'],
    ['models.json', 'scripted/fake-1', 'invalid_request'],
  ])('%s is named in the outcome, with the model %s', async (name, model, code) => {
    await using stage = await openStage(well);
    const { file, outcome } = await outcomeWith(stage, name, spoiled, model);
    expect(outcome).toMatchObject({ status: 'failed', code });
    expect(outcome.message).toContain(`${file} is not JSON`);
  });

  it('settings.json costs nothing where a model is named', async () => {
    await using stage = await openStage(well);
    const { outcome } = await outcomeWith(stage, 'settings.json', spoiled, 'scripted/fake-1');
    expect(outcome).toEqual({ status: 'succeeded' });
  });
});

it('a model that does not exist is the fault of the task, and is not tried again', async () => {
  await using stage = await openStage({
    rules: [{ fault: { type: 'http', status: 404, message: 'The model `fake-9` does not exist' } }],
  });
  const { outcome } = await outcomeWith(stage, 'extra.json', '{}', 'scripted/fake-9');
  expect(outcome).toMatchObject({ status: 'failed', code: 'invalid_request' });
});

it('a rate limit that names a time carries it in its outcome', async () => {
  await using stage = await openStage({
    rules: [{ fault: { type: 'http', status: 429, message: 'Rate limit reached. Please try again in 1h30m.' } }],
  });
  const plane = await stage.open();
  const task = await plane.submit({ prompt: 'Try', workspace: stage.workspace, retry: { maxAttempts: 1 } });
  await finish(stage, task);
  expect(await task.outcome()).toMatchObject({ status: 'failed', code: 'rate_limit', retryAfterMs: 5_400_000 });
});
