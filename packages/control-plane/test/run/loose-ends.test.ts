import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime, type MemoryRuntimeOptions } from '@runtime/conformance/memory-runtime';
import { maxOpen, type SessionEvent } from '@runtime/contracts/adapter';
import { maxAppendEvents } from '@runtime/contracts/log';
import { expect, it } from 'vitest';
import { maxInstructions } from '../../src/api/instruct.ts';
import { maxPartEvents } from '../../src/run/parts-of-batch.ts';
import { expectFinal, hostile, seen } from '../support/hostile.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane, retry } from '../support/planes.ts';

const ask: SessionEvent = {
  type: 'approval.requested',
  approvalId: 'ask-late',
  kind: 'tool',
  title: 'may I?',
  choices: [{ id: 'yes', label: 'yes', kind: 'allow' }],
};

it('an open approval is resolved when its run turns out to be lost after a restart', async () => {
  await using places = await makePlaces();
  const options: MemoryRuntimeOptions = {
    script: () => [{ do: 'ask', title: 't', answered: () => [{ do: 'say', text: 'ok' }] }],
  };
  const first = await openPlane(places, { adapters: [memoryRuntime(options)] });
  const { id } = await first.submit({
    prompt: 'go',
    workspace: places.workspace,
    retry: { ...retry, maxAttempts: 1 },
  });
  await seen(first, id, 'approval.requested');
  await first.close();
  const blind = hostile(options, {
    adapter: () => ({ recover: async () => ({ status: 'unknowable', reason: 'no idea' }) }),
  });
  await using second = await openPlane(places, { adapters: [blind] });
  await second.task(id).outcome();
  const events = await eventsOf(second, id);
  expectSoundStream(events);
  expectFinal(events);
});

it('an approval is resolved although it is requested while its run is being stopped', async () => {
  await using places = await makePlaces();
  const adapter = hostile(
    { script: () => [{ do: 'hang' }] },
    {
      session: (session) => ({
        events: async function* (options) {
          let cursor = '';
          for await (const batch of session.events(options)) {
            cursor = batch.cursor;
            yield batch;
          }
          yield { cursor, events: [ask] };
        },
      }),
    },
  );
  await using plane = await openPlane(places, { adapters: [adapter] });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  await seen(plane, task.id, 'turn.started');
  await task.cancel();
  await task.outcome();
  const events = await eventsOf(plane, task.id);
  expectSoundStream(events);
  expectFinal(events);
});

it('every instruction reaches a final level when the workspace is gone before the run', async () => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, {
    adapters: [
      hostile(
        {},
        {
          adapter: (inner) => ({
            probe: async (call) => {
              await rm(places.workspace, { recursive: true, force: true });
              return inner.probe(call);
            },
          }),
        },
      ),
    ],
  });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  await task.steer('and this');
  expect(await task.outcome()).toMatchObject({ status: 'failed' });
  expectFinal(await eventsOf(plane, task.id));
});

it('no process is left when the plane closes while a run’s processes cannot be ended yet', async () => {
  await using places = await makePlaces();
  let reaps = 0;
  const reaping = Promise.withResolvers<void>();
  const adapter = hostile(
    { script: () => [{ do: 'hang' }] },
    {
      adapter: (inner) => ({
        reap: async (handle, call) => {
          reaps += 1;
          reaping.resolve();
          if (reaps === 1) throw new Error('something is left');
          await inner.reap(handle, call);
        },
      }),
    },
  );
  const first = await openPlane(places, { adapters: [adapter] });
  const task = await first.submit({ prompt: 'go', workspace: places.workspace });
  await seen(first, task.id, 'turn.started');
  await task.cancel();
  await reaping.promise;
  await first.close();
  await using second = await openPlane(places, { adapters: [adapter] });
  expect(await second.task(task.id).outcome()).toEqual({ status: 'cancelled' });
  expect(reaps).toBeGreaterThan(1);
});

it('a run whose environment file is gone can be cancelled after a restart, and leaves no process', async () => {
  await using places = await makePlaces();
  const file = join(places.root, 'env');
  await writeFile(file, 'TOKEN=secret-value\n', { mode: 0o600 });
  let reaps = 0;
  const adapter = hostile(
    { script: () => [{ do: 'hang' }] },
    {
      adapter: (inner) => ({
        reap: async (handle, call) => {
          reaps += 1;
          await inner.reap(handle, call);
        },
      }),
    },
  );
  const first = await openPlane(places, { adapters: [adapter] });
  const { id } = await first.submit({ prompt: 'go', workspace: places.workspace, env: { file } });
  await seen(first, id, 'turn.started');
  await first.close();
  await rm(file);
  await using second = await openPlane(places, { adapters: [adapter] });
  await second.task(id).cancel();
  expect(await second.task(id).outcome()).toEqual({ status: 'cancelled' });
  expect(reaps).toBe(1);
  expectFinal(await eventsOf(second, id));
});

it.each([
  ['in number', Array.from({ length: 5000 }, (): SessionEvent => ({ type: 'context.compacted', reason: 'again' }))],
  [
    'in bytes',
    Array.from({ length: 40 }, (): SessionEvent => ({
      type: 'text.delta',
      messageId: 'm',
      text: '\0'.repeat(200_000),
    })),
  ],
])('a record of more events than the log takes at once, %s, is appended in parts', async (_, events) => {
  await using places = await makePlaces();
  const adapter = hostile(
    { script: () => [{ do: 'say', text: 'done' }] },
    {
      session: (session) => ({
        events: async function* (options) {
          for await (const batch of session.events(options)) {
            const begins = batch.events.some(({ type }) => type === 'turn.started');
            yield begins ? { ...batch, events: [...batch.events, ...events] } : batch;
          }
        },
      }),
    },
  );
  await using plane = await openPlane(places, { adapters: [adapter] });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  const all = await eventsOf(plane, task.id);
  expectSoundStream(all);
  const type = events[0]?.type;
  expect(all.filter((event) => event.type === type && event['messageId'] !== '1').length).toBeGreaterThanOrEqual(
    events.length,
  );
});

it('a task with as many questions open as may be can be cancelled', async () => {
  await using places = await makePlaces();
  const questions = Array.from({ length: 2 * maxOpen }, (_, n): SessionEvent => ({ ...ask, approvalId: `ask-${n}` }));
  const adapter = memoryRuntime({
    script: () => [...questions.map((event) => ({ do: 'emit' as const, event })), { do: 'hang' }],
  });
  await using plane = await openPlane(places, { adapters: [adapter] });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  await seen(plane, task.id, 'output.quarantined');
  await task.cancel();
  expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
  const events = await eventsOf(plane, task.id);
  expectSoundStream(events);
  expectFinal(events);
});

it('what a task may have open is closed in one append', () => {
  // A turn's end closes the tools, the children and the approvals of its run, and a task's end its instructions.
  expect(maxInstructions + 3 * maxOpen + maxPartEvents).toBeLessThan(maxAppendEvents);
});
