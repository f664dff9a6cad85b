import { describe, expect, it } from 'vitest';
import { retry } from './support/plane.ts';
import { finish, openStage, textOf, typesOf } from './support/stage.ts';

const well = { reply: { text: 'All is well.' } };

describe('when the model fails', () => {
  it('waits out a rate limit as Pi does, and says so', async () => {
    await using stage = await openStage({ rules: [{ times: 1, fault: { type: 'http', status: 429 } }, well] });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Try', workspace: stage.workspace });
    const events = await finish(stage, task);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(typesOf(events)).toContain('retry.scheduled');
    expect(await stage.starts()).toHaveLength(1);
  });

  it('fails with the words of the server when it goes on answering 500', async () => {
    await using stage = await openStage({
      rules: [{ fault: { type: 'http', status: 500, message: 'the model is on fire' } }],
    });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Try', workspace: stage.workspace, retry: { ...retry, maxAttempts: 1 } });
    await finish(stage, task);
    const outcome = await task.outcome();
    expect(outcome).toMatchObject({ status: 'failed', code: 'overloaded' });
    expect(outcome.message).toContain('on fire');
  });

  it('ends a run in which nothing happens any more', async () => {
    await using stage = await openStage({
      rules: [{ reply: { text: ['One ', 'word'] }, fault: { type: 'hang', afterChunks: 1 } }],
    });
    const plane = await stage.open();
    const request = {
      prompt: 'Try',
      workspace: stage.workspace,
      idleTimeoutMs: 1500,
      retry: { ...retry, maxAttempts: 1 },
    };
    const task = await plane.submit(request);
    const events = await finish(stage, task);
    expect(await task.outcome()).toMatchObject({ status: 'timed_out' });
    expect(events.find(({ type }) => type === 'run.stopping')).toMatchObject({ cause: 'idle_timeout' });
  });

  it('discards the half of a message that a broken stream left, and gets the whole', async () => {
    await using stage = await openStage({
      rules: [
        {
          times: 1,
          reply: { text: ['Half ', 'a ', 'thought'], delayMs: 50 },
          fault: { type: 'breakStream', afterChunks: 2 },
        },
        well,
      ],
    });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Try', workspace: stage.workspace });
    const events = await finish(stage, task);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(typesOf(events)).toContain('message.discarded');
    expect(textOf(events)).toBe('All is well.');
  });
});
