import { findMarked } from '@runtime/adapter-kit/process';
import { writeFileScenario } from '@runtime/conformance/model-server';
import { describe, expect, inject, it } from 'vitest';
import { finish, firstOf, openStage, textOf, typesOf } from './support/stage.ts';

const slowWriter = writeFileScenario({ path: 'note.txt', text: 'hello', steps: 30, stepMs: 40 });

describe('a task on real Pi', () => {
  it('streams what the model says, with the version, the session and the usage', async () => {
    await using stage = await openStage({ rules: [{ reply: { text: ['Hel', 'lo, ', 'world'], delayMs: 50 } }] });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Say hello', workspace: stage.workspace });
    const events = await finish(stage, task);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(textOf(events)).toBe('Hello, world');
    expect(events.filter(({ type }) => type === 'text.delta').length).toBeGreaterThan(1);
    expect(events.find(({ type }) => type === 'run.started')).toMatchObject({ version: '0.87.1' });
    expect(typesOf(events)).toEqual(
      expect.arrayContaining(['session.opened', 'usage.reported', 'instruction.observed']),
    );
  });

  it('reports the tool that it calls, and the file is there', async () => {
    await using stage = await openStage(writeFileScenario({ path: 'note.txt', text: 'hello', steps: 2, stepMs: 1 }));
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Write it', workspace: stage.workspace });
    const events = await finish(stage, task);
    expect(events.find(({ type }) => type === 'tool.started')).toMatchObject({
      name: 'write',
      input: { path: 'note.txt' },
    });
    expect(events.find(({ type }) => type === 'tool.ended')).toMatchObject({ ok: true });
    expect(await stage.read('note.txt')).toBe('hello\n');
  });

  it('takes a steer into the running turn and proves each level', async () => {
    await using stage = await openStage(slowWriter);
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Write it', workspace: stage.workspace });
    await firstOf(task, 'text.delta');
    const receipt = await task.steer('shorter');
    await receipt.reached('observed');
    const events = await finish(stage, task);
    const levels = events.flatMap((event) =>
      event.type.startsWith('instruction.') && 'instructionId' in event && event.instructionId === receipt.instructionId
        ? [event.type]
        : [],
    );
    expect(levels).toEqual(
      ['queued', 'sending', 'accepted', 'delivered', 'observed'].map((level) => `instruction.${level}`),
    );
    expect(await stage.read('note.txt')).toBe('hello\nshorter\n');
    expect(await stage.starts()).toHaveLength(1);
  });

  it('takes a follow-up after the turn, in the same run and the same conversation', async () => {
    await using stage = await openStage(slowWriter);
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Write it', workspace: stage.workspace });
    await firstOf(task, 'text.delta');
    const receipt = await task.followUp('and once more');
    await receipt.reached('delivered');
    const events = await finish(stage, task);
    expect(textOf(events)).toContain('steered: and once more');
    expect(await stage.starts()).toHaveLength(1);
    expect(
      stage.server
        .requests()
        .at(-1)
        ?.body.messages.filter(({ role }) => role === 'user'),
    ).toHaveLength(2);
  });

  it('is interrupted, keeps its session, and goes on with a follow-up', async () => {
    await using stage = await openStage({
      rules: [
        { when: { lastUser: 'go on' }, reply: { text: 'Here I am again.' } },
        { reply: { text: Array.from({ length: 500 }, () => 'word '), delayMs: 50 } },
      ],
    });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Talk at length', workspace: stage.workspace });
    await firstOf(task, 'text.delta');
    await task.interrupt();
    await firstOf(task, 'turn.ended');
    await expect.poll(async () => (await task.status()).status).toBe('waiting');
    const receipt = await task.followUp('go on');
    await receipt.reached('observed');
    await task.close();
    const events = await finish(stage, task);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(textOf(events)).toContain('Here I am again.');
    expect(await stage.starts()).toHaveLength(1);
  });

  it('is cancelled in the middle of a command: its children go with it, those in sessions of their own too', async () => {
    const command = 'setsid sleep 300 & (setsid setsid sleep 301 &) ; trap "" TERM; echo > up; sleep 302';
    await using stage = await openStage({
      rules: [{ reply: { toolCalls: [{ name: 'bash', arguments: { command } }] } }],
    });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Sleep', workspace: stage.workspace });
    const { runId } = await firstOf(task, 'tool.started');
    await expect
      .poll(() => stage.read('up').catch(() => undefined), { timeout: 20_000 * inject('slowness') })
      .toBe('\n');
    const processes = async (): Promise<number> => (await findMarked(runId)).length;
    // The shell writes the file before its last child begins.
    await expect
      .poll(processes, { message: 'Pi, its shell and three sleeps', timeout: 20_000 * inject('slowness') })
      .toBeGreaterThanOrEqual(5);
    await task.cancel({ why: 'enough' });
    const events = await finish(stage, task);
    expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
    expect(typesOf(events).filter((type) => type === 'cancel.requested')).toHaveLength(1);
  });
});
