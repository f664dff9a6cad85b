import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { describe, expect, inject, it } from 'vitest';
import { eventsOf, expectSoundStream, makePlaces, openPlane, retry } from '../support/planes.ts';

/** Dies in its first turn; picking its conversation up then fails. */
function forgetful(code: 'NOT_FOUND' | 'UNAVAILABLE', times: number): RuntimeAdapter {
  let turns = 0;
  let refused = 0;
  const memory = memoryRuntime({
    script: () => (turns++ === 0 ? [{ do: 'say', text: 'begun' }, { do: 'vanish' }] : [{ do: 'say', text: 'done' }]),
  });
  return {
    ...memory,
    start: (launch, options) => {
      if (launch.resume && refused++ < times) throw new AgentRuntimeError(code, 'no such session');
      return memory.start(launch, options);
    },
  };
}

describe('a conversation that cannot be picked up', () => {
  it('is given up for a restart, which ends: nothing waits for what was to be said to it', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [forgetful('NOT_FOUND', 9)] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, recovery: 'restart', retry });
    expect(await task.outcome({ signal: AbortSignal.timeout(5000 * inject('slowness')) })).toEqual({
      status: 'succeeded',
    });
    const events = await eventsOf(plane, task.id);
    expectSoundStream(events);
    expect(events.filter(({ type }) => type === 'run.starting').map((event) => event['mode'])).toEqual([
      'start',
      'resume',
      'restart',
    ]);
    expect((await task.status()).instructions.map(({ level }) => level)).toEqual(['observed', 'declined']);
  });

  it('hears a prompt that it had never got, along with what the plane says to it', async () => {
    await using places = await makePlaces();
    const heard: string[] = [];
    let turns = 0;
    const memory = memoryRuntime({
      script: ({ text }) => {
        heard.push(text);
        return turns++ === 0 ? [{ do: 'vanish' }] : [{ do: 'say', text: 'done' }];
      },
    });
    // Takes the prompt and dies before it is seen to enter a turn.
    const adapter: RuntimeAdapter = {
      ...memory,
      start: async (launch, options) => {
        const session = await memory.start(launch, options);
        const events = session.events.bind(session);
        session.events = async function* (given) {
          for await (const batch of events(given)) {
            const kept = launch.resume
              ? batch.events
              : batch.events.filter(({ type }) => type !== 'instruction.delivered' && type !== 'instruction.observed');
            yield { ...batch, events: kept };
          }
        };
        return session;
      },
    };
    await using plane = await openPlane(places, { adapters: [adapter] });
    const task = await plane.submit({ prompt: 'the original words', workspace: places.workspace, retry });
    expect(await task.outcome({ signal: AbortSignal.timeout(5000 * inject('slowness')) })).toEqual({
      status: 'succeeded',
    });
    expect(heard.at(-1)).toContain('the original words');
    expectSoundStream(await eventsOf(plane, task.id));
  });
});
