import { setTimeout as sleep } from 'node:timers/promises';
import type { MemoryStep } from '@runtime/conformance/memory-runtime';
import type { RunOutcome, TaskHandle } from '@runtime/contracts';
import type { ReadEventsOptions, RuntimeSession, SourceBatch } from '@runtime/contracts/adapter';
import { expect, inject, it } from 'vitest';
import type { PlaneTuning } from '../../src/task/context.ts';
import { faultyFs } from '../support/faulty-fs.ts';
import { hostile, seen } from '../support/hostile.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane } from '../support/planes.ts';

const patience = { timeout: 60_000 * inject('slowness') };
const tuning = { deltaWindowMs: 5, stopGraceMs: 100, stallAfterMs: 500 };

/** A run whose disk is full while its source is caught up with, until the plane waits for the reading no more. */
async function fullWhile(reading: 'following' | 'catching up') {
  await using places = await makePlaces();
  const { fs, faults } = faultyFs();
  const full = Promise.withResolvers<void>();
  const followedAgain = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  let follows = 0;
  const said = Promise.withResolvers<void>();
  const script = function* (): Generator<MemoryStep> {
    yield { do: 'say', text: 'begun' };
    yield { do: 'gate', until: full.promise };
    yield { do: 'say', text: 'more' };
    said.resolve();
    yield { do: 'gate', until: followedAgain.promise };
    yield { do: 'say', text: 'done' };
  };
  const fill = (): Promise<void> => {
    faults.full = true;
    full.resolve();
    return said.promise;
  };
  async function* events(session: RuntimeSession, options: ReadEventsOptions = {}): AsyncGenerator<SourceBatch> {
    if (options.follow === true && (follows += 1) === 2) followedAgain.resolve();
    if (reading === 'catching up' && options.follow === false && follows === 1) await fill();
    if ((reading === 'following') === (options.follow === true) && follows === 1)
      options.signal?.addEventListener('abort', () => aborted.resolve());
    yield* session.events(options);
  }
  const adapter = hostile({ script }, { session: (session) => ({ events: (options) => events(session, options) }) });
  await using plane = await openPlane(places, { adapters: [adapter], logFs: fs, tuning });
  const { id } = await plane.submit({ prompt: 'go', workspace: places.workspace });
  await seen(plane, id, 'message.completed');
  if (reading === 'following') await fill();
  await aborted.promise;
  // Each is half a second after the one before it of the same writer, of which there are two: the grace is over.
  const { refused } = faults;
  await expect.poll(() => faults.refused, patience).toBeGreaterThan(refused + 4);
  faults.full = false;
  const outcome = await plane.task(id).outcome();
  const all = await eventsOf(plane, id);
  expectSoundStream(all);
  return { outcome, texts: all.filter(({ type }) => type === 'message.completed').map((event) => event['text']) };
}

it.each(['following', 'catching up'] as const)(
  'a reading that waits for room on the disk, %s, is no end of the source when it is left',
  { timeout: 120_000 * inject('slowness') },
  async (reading) => {
    expect(await fullWhile(reading)).toEqual({ outcome: { status: 'succeeded' }, texts: ['begun', 'more', 'done'] });
  },
);

/** A source that grows as fast as it is read, and does not know where it stood. */
async function flooded(over: Partial<PlaneTuning>, act: (task: TaskHandle) => Promise<void>): Promise<RunOutcome> {
  await using places = await makePlaces();
  const flooding = Promise.withResolvers<void>();
  async function* events(session: RuntimeSession, options: ReadEventsOptions = {}): AsyncGenerator<SourceBatch> {
    if (options.follow !== false) yield* session.events(options);
    for (let n = 0; options.follow === false && options.signal?.aborted !== true; n += 1) {
      yield { cursor: options.after ?? '', events: [{ type: 'output.delta', source: 'stdout', text: `${n}` }] };
      if (n > 100) flooding.resolve();
      await sleep(2);
    }
  }
  const script = (): MemoryStep[] => [{ do: 'say', text: 'begun' }, { do: 'hang' }];
  const adapter = hostile({ script }, { session: (session) => ({ events: (options) => events(session, options) }) });
  await using plane = await openPlane(places, { adapters: [adapter], tuning: { ...tuning, ...over } });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace, runTimeoutMs: 500 });
  await flooding.promise;
  await act(task);
  return await task.outcome();
}

it(
  'a limit does not wait for a source that grows as fast as it is read',
  { timeout: 120_000 * inject('slowness') },
  async () => {
    expect(await flooded({ overdueMs: 1000 }, async () => undefined)).toMatchObject({ status: 'timed_out' });
  },
);

it('a cancel does not either', { timeout: 120_000 * inject('slowness') }, async () => {
  expect(await flooded({ overdueMs: 1e9 }, (task) => task.cancel())).toMatchObject({ status: 'cancelled' });
});

it('a cancel does not wait for what an agent left behind, and says that it was not read', async () => {
  await using places = await makePlaces();
  async function* events(session: RuntimeSession, options: ReadEventsOptions = {}): AsyncGenerator<SourceBatch> {
    yield* session.events(options);
    // Longer than anybody waits.
    for (let n = 0; options.signal?.aborted !== true; n += 1) {
      yield { cursor: options.after ?? '', events: [{ type: 'output.delta', source: 'stdout', text: `${n}` }] };
      await sleep(2);
    }
  }
  const script = (): MemoryStep[] => [{ do: 'say', text: 'begun' }, { do: 'hang' }];
  const adapter = hostile({ script }, { session: (session) => ({ events: (options) => events(session, options) }) });
  await using plane = await openPlane(places, { adapters: [adapter], tuning });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  await seen(plane, task.id, 'message.completed');
  await task.cancel();
  expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
  const all = await eventsOf(plane, task.id);
  expectSoundStream(all);
  expect(all.filter(({ type }) => type === 'output.gap')).toHaveLength(1);
});
