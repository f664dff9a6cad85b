import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { expect, it } from 'vitest';
import { eventsOf, makePlaces, openPlane } from '../support/planes.ts';

const joinAt = (socket: string) => ({ command: ['join', socket] });

it('a terminal that a new owner finds somewhere else is shown there from then on', async () => {
  await using places = await makePlaces();
  const gate = Promise.withResolvers<void>();
  const inner = memoryRuntime({
    attach: joinAt('before'),
    script: () => [
      { do: 'say', text: 'hello' },
      { do: 'gate', until: gate.promise },
    ],
  });
  let moved = joinAt('before');
  const adapter: RuntimeAdapter = {
    ...inner,
    recover: async (...args) => {
      const found = await inner.recover(...args);
      if ('session' in found) Object.defineProperty(found.session, 'attach', { value: moved });
      return found;
    },
  };
  const first = await openPlane(places, { adapters: [adapter] });
  const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
  for await (const event of first.task(id).events()) if (event.type === 'message.completed') break;
  await first.close();
  for (const where of ['before', 'after']) {
    moved = joinAt(where);
    const next = await openPlane(places, { adapters: [adapter] });
    await expect
      .poll(async () => (await eventsOf(next, id)).filter(({ type }) => type === 'run.reattached').length)
      .toBe(where === 'before' ? 1 : 2);
    await expect.poll(async () => (await next.task(id).status()).runs.at(-1)?.attach).toEqual(moved);
    await next.close();
  }
  gate.resolve();
  await using last = await openPlane(places, { adapters: [adapter] });
  await last.task(id).outcome();
  const reattached = (await eventsOf(last, id)).filter(({ type }) => type === 'run.reattached');
  expect(reattached.map((event) => event['attach'])).toEqual([undefined, joinAt('after'), undefined]);
});
