import type { MemoryRuntimeOptions } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError } from '@runtime/contracts';
import { expect, it } from 'vitest';
import { hostile, seen } from '../support/hostile.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane, retry } from '../support/planes.ts';

it.each(['TypeError', 'TimeoutError', 'OUTCOME_UNKNOWN'])(
  'an instruction is not sent again when sending it broke off with %s',
  async (name) => {
    await using places = await makePlaces();
    const sent: string[] = [];
    const adapter = hostile(
      { capabilities: { resume: 'none' } },
      {
        session: () => ({
          send: async (instruction) => {
            sent.push(instruction.id);
            if (name === 'OUTCOME_UNKNOWN') throw new AgentRuntimeError(name, 'no evidence');
            throw Object.assign(new Error('in the middle'), { name });
          },
        }),
      },
    );
    await using plane = await openPlane(places, { adapters: [adapter] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry, recovery: 'manual' });
    await expect.poll(async () => (await task.status()).instructions[0]?.level).toBe('unknown');
    const asked = await seen(plane, task.id, 'approval.requested');
    expect(asked).toMatchObject({ kind: 'recovery' });
    // Where there is no next runtime, none is offered.
    expect((asked['choices'] as { id: string }[]).map(({ id }) => id)).toEqual(['restart', 'give_up']);
    expect(sent).toHaveLength(1);
    await task.cancel();
    await task.outcome();
  },
);

it('a new run sends the prompt again when its turn is not known to have begun and no tool was used', async () => {
  await using places = await makePlaces();
  let sends = 0;
  const adapter = hostile(
    {},
    {
      session: (session) => ({
        send: (instruction, options) => {
          sends += 1;
          if (sends === 1) return Promise.reject(new AgentRuntimeError('OUTCOME_UNKNOWN', 'no evidence'));
          return session.send(instruction, options);
        },
      }),
    },
  );
  await using plane = await openPlane(places, { adapters: [adapter] });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  const events = await eventsOf(plane, task.id);
  expectSoundStream(events);
  // There was no conversation yet that could be resumed.
  const modes = events.filter(({ type }) => type === 'run.starting').map((event) => event['mode']);
  expect(modes).toEqual(['start', 'restart']);
});

it.each(['INTERNAL', 'CANCELLED', 'DEADLINE_EXCEEDED', 'CONFLICT'] as const)(
  'a launch that carries its instruction is not repeated when it broke off with %s',
  async (code) => {
    await using places = await makePlaces();
    let starts = 0;
    const adapter = hostile(
      { capabilities: { firstInstruction: 'launch' } },
      {
        adapter: () => ({
          start: () => {
            starts += 1;
            return Promise.reject(new AgentRuntimeError(code, 'in the middle'));
          },
        }),
      },
    );
    await using plane = await openPlane(places, { adapters: [adapter] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
    expect(await seen(plane, task.id, 'approval.requested')).toMatchObject({ kind: 'recovery' });
    expect(starts).toBe(1);
    await task.cancel();
    await task.outcome();
  },
);

it('an answer reaches the runtime, and no caller can answer in the name of the plane', async () => {
  await using places = await makePlaces();
  const options: MemoryRuntimeOptions = {
    script: () => [{ do: 'ask', title: 't', answered: () => [{ do: 'say', text: 'ok' }] }],
  };
  const decisions: unknown[] = [];
  const adapter = hostile(options, {
    session: (session) => ({
      answer: async (id, decision, call) => {
        decisions.push(decision);
        await session.answer(id, decision, call);
      },
    }),
  });
  await using plane = await openPlane(places, { adapters: [adapter] });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  const request = await seen(plane, task.id, 'approval.requested');
  const [choice] = request['choices'] as { id: string }[];
  const answer = (by: string): Promise<void> =>
    task.answer(String(request['approvalId']), { choice: choice!.id }, { by });
  for (const name of ['runtime', 'plane', 'clock'])
    await expect(answer(name)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await answer('me');
  await expect.poll(() => decisions).toEqual([{ choice: choice!.id }]);
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
});
