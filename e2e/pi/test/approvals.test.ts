import { writeFileScenario } from '@runtime/conformance/model-server';
import { describe, expect, it } from 'vitest';
import { finish, firstOf, openStage, typesOf } from './support/stage.ts';

const writes = writeFileScenario({ path: 'note.txt', text: 'hello', steps: 2, stepMs: 1 });
const ask = { rules: [{ tool: 'write', action: 'ask' as const }] };

describe('a tool that somebody has to allow', () => {
  it('waits for the answer, and runs once it is allowed', async () => {
    await using stage = await openStage(writes);
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Write it', workspace: stage.workspace, approvals: ask });
    const asked = await firstOf(task, 'approval.requested');
    expect(asked).toMatchObject({ kind: 'tool' });
    await expect.poll(async () => (await task.status()).status).toBe('waiting');
    await expect(stage.read('note.txt')).rejects.toThrow('ENOENT');
    const allow = asked.choices.find(({ kind }) => kind === 'allow');
    await task.answer(asked.approvalId, { choice: allow?.id ?? 'none' }, { by: 'the test' });
    const events = await finish(stage, task);
    expect(await stage.read('note.txt')).toBe('hello\n');
    expect(events.find(({ type }) => type === 'approval.resolved')).toMatchObject({
      by: 'the test',
      resolution: { kind: 'answered' },
    });
  });

  it('does not run when it is denied, and the agent is told', async () => {
    await using stage = await openStage(writes);
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Write it', workspace: stage.workspace, approvals: ask });
    const asked = await firstOf(task, 'approval.requested');
    const deny = asked.choices.find(({ kind }) => kind === 'deny');
    await task.answer(asked.approvalId, { choice: deny?.id ?? 'none' });
    const events = await finish(stage, task);
    expect(events.find(({ type }) => type === 'tool.ended')).toMatchObject({ ok: false });
    await expect(stage.read('note.txt')).rejects.toThrow('ENOENT');
  });

  it('is denied without a question where the policy says so', async () => {
    await using stage = await openStage(writes);
    const plane = await stage.open();
    const approvals = { rules: [{ tool: 'write', action: 'deny' as const }] };
    const task = await plane.submit({ prompt: 'Write it', workspace: stage.workspace, approvals });
    const events = await finish(stage, task);
    expect(typesOf(events)).not.toContain('approval.requested');
    await expect(stage.read('note.txt')).rejects.toThrow('ENOENT');
  });

  it('is denied when nobody answers in time', async () => {
    await using stage = await openStage(writes);
    const plane = await stage.open();
    const task = await plane.submit({
      prompt: 'Write it',
      workspace: stage.workspace,
      approvals: { ...ask, timeoutMs: 700 },
    });
    const events = await finish(stage, task);
    expect(events.find(({ type }) => type === 'approval.resolved')).toMatchObject({ resolution: { kind: 'expired' } });
    await expect(stage.read('note.txt')).rejects.toThrow('ENOENT');
  });
});
