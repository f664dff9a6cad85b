import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { eventsOf, retry, makePlaces, type OpenPlane } from '../planes.ts';

export function approvalCases(openPlane: OpenPlane): void {
  it('a task asks before it starts over where the lost run may have left changes, and is lost without an answer', async () => {
    await using places = await makePlaces();
    const adapter = () =>
      memoryRuntime({
        capabilities: { resume: 'none' },
        script: () => [{ do: 'tool', name: 'write' }, { do: 'vanish' }],
      });
    await using plane = await openPlane(places, { adapters: [adapter()] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, recoveryTimeoutMs: 50 });
    expect(await task.outcome()).toMatchObject({ status: 'lost' });
    const asked = await plane.submit({
      prompt: 'go',
      workspace: places.workspace,
      retry: { ...retry, maxAttempts: 2 },
    });
    await expect.poll(async () => (await asked.status()).approvals.map(({ kind }) => kind)).toEqual(['recovery']);
    const [approval] = (await asked.status()).approvals;
    await asked.answer(approval!.id, { choice: 'restart' });
    expect(await asked.outcome()).toMatchObject({ status: 'lost' });
    expect(
      (await eventsOf(plane, asked.id)).filter(({ type }) => type === 'run.starting').map((event) => event['mode']),
    ).toEqual(['start', 'restart']);
  });

  it('a task offers an approval, takes the first answer, and denies it when its time is over', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [
        memoryRuntime({
          script: () => [
            { do: 'ask', title: 'May I?', answered: ({ choice }) => [{ do: 'say', text: `answer: ${choice}` }] },
          ],
        }),
      ],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await expect.poll(async () => (await task.status()).status).toBe('waiting');
    const [approval] = (await task.status()).approvals;
    await expect(task.answer(approval!.id, { choice: 'perhaps' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await task.answer(approval!.id, { choice: 'allow' }, { by: 'me' });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect((await eventsOf(plane, task.id)).find(({ type }) => type === 'message.completed')).toMatchObject({
      text: 'answer: allow',
    });

    const late = await plane.submit({ prompt: 'go', workspace: places.workspace, approvals: { timeoutMs: 40 } });
    expect(await late.outcome()).toEqual({ status: 'succeeded' });
    expect((await eventsOf(plane, late.id)).find(({ type }) => type === 'message.completed')).toMatchObject({
      text: 'answer: deny',
    });
  });
}
