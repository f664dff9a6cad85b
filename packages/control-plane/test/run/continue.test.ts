import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError } from '@runtime/contracts';
import { expect, it } from 'vitest';
import { hostile } from '../support/hostile.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane, retry } from '../support/planes.ts';

const remembering = () =>
  memoryRuntime({ script: ({ history }) => [{ do: 'say', text: history.map(({ text }) => text).join(' | ') }] });

it('goes on with the conversation of an ended task, also under the next owner', async () => {
  await using places = await makePlaces();
  const first = await openPlane(places, { adapters: [remembering()] });
  const one = await first.submit({ prompt: 'one', workspace: places.workspace });
  await one.outcome();
  const two = await first.submit({ prompt: 'two', workspace: places.workspace, continueOf: one.id });
  expect(await two.outcome()).toEqual({ status: 'succeeded' });
  await first.close();
  await using second = await openPlane(places, { adapters: [remembering()] });
  const three = await second.submit({ prompt: 'three', workspace: places.workspace, continueOf: two.id });
  expect(await three.outcome()).toEqual({ status: 'succeeded' });
  const events = await eventsOf(second, three.id);
  expectSoundStream(events);
  const [, runOfOne] = [three, one].map(({ id }) => id);
  expect(events.find(({ type }) => type === 'run.starting')).toMatchObject({
    mode: 'resume',
    resumes: { agentSessionId: (await second.task(runOfOne!).status()).runs[0]?.agentSessionId },
  });
  expect(events.find(({ type }) => type === 'message.completed')?.['text']).toBe(
    'one | one | two | one | one | two | three',
  );
});

it('is refused where there is no such conversation', async () => {
  await using places = await makePlaces();
  const script = () => [{ do: 'say', text: 'x' }, { do: 'hang' }] as const;
  await using plane = await openPlane(places, {
    adapters: [
      memoryRuntime({ id: 'hangs', script }),
      memoryRuntime({ id: 'forgets', capabilities: { resume: 'none' } }),
    ],
  });
  const ask = (continueOf: string) => plane.submit({ prompt: 'go on', workspace: places.workspace, continueOf });
  const running = await plane.submit({ prompt: 'go', workspace: places.workspace, runtimes: ['hangs'] });
  for await (const event of running.events()) if (event.type === 'message.completed') break;
  await expect(ask(running.id)).rejects.toMatchObject({ code: 'CONFLICT', hint: expect.any(String) });
  await running.cancel();
  await running.outcome();
  const forgotten = await plane.submit({ prompt: 'go', workspace: places.workspace, runtimes: ['forgets'] });
  await forgotten.outcome();
  await expect(ask(forgotten.id)).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(ask('task-nowhere')).rejects.toMatchObject({ code: expect.stringMatching(/^(CONFLICT|NOT_FOUND)$/) });
  expect(await plane.tasks()).toHaveLength(2);
});

it('takes turns when two want the same conversation', async () => {
  await using places = await makePlaces();
  let inside = 0;
  let most = 0;
  await using plane = await openPlane(places, {
    adapters: [
      memoryRuntime({
        script: async function* ({ text }) {
          inside += 1;
          most = Math.max(most, inside);
          yield { do: 'wait', ms: 20 };
          yield { do: 'say', text };
          inside -= 1;
        },
      }),
    ],
  });
  const one = await plane.submit({ prompt: 'one', workspace: places.workspace });
  await one.outcome();
  const request = { workspace: places.workspace, shareWorkspace: true, continueOf: one.id };
  const both = await Promise.all([
    plane.submit({ ...request, prompt: 'left' }),
    plane.submit({ ...request, prompt: 'right' }),
  ]);
  expect(await Promise.all(both.map((task) => task.outcome()))).toEqual([
    { status: 'succeeded' },
    { status: 'succeeded' },
  ]);
  expect(most).toBe(1);
});

it('is given the prompt again that a rate limit kept from it', async () => {
  await using places = await makePlaces();
  const got: string[] = [];
  let refusals = 0;
  const adapter = hostile(
    {
      script: ({ text }) => {
        got.push(text);
        return [{ do: 'say', text: 'ok' }];
      },
    },
    {
      session: (session) => ({
        send: (instruction, call) => {
          if (got.length !== 1 || refusals === 2) return session.send(instruction, call);
          refusals += 1;
          return Promise.reject(new AgentRuntimeError('UNAVAILABLE', '429 Too Many Requests'));
        },
      }),
    },
  );
  await using plane = await openPlane(places, { adapters: [adapter] });
  const request = { workspace: places.workspace, retry: { ...retry, rateLimitDelayMs: 1 } };
  const one = await plane.submit({ ...request, prompt: 'one' });
  await one.outcome();
  const two = await plane.submit({ ...request, prompt: 'two', continueOf: one.id });
  expect(await two.outcome()).toEqual({ status: 'succeeded' });
  expect(got).toEqual(['one', 'two']);
  expect(refusals).toBe(2);
  expectSoundStream(await eventsOf(plane, two.id));
});
