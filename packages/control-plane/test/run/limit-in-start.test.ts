import { describe, expect, it } from 'vitest';
import { hostile, never } from '../support/hostile.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane, retry } from '../support/planes.ts';

const limits = [
  ['deadlineMs', { deadlineMs: 300 }],
  ['runTimeoutMs', { runTimeoutMs: 300 }],
  ['idleTimeoutMs', { idleTimeoutMs: 300 }],
] as const;

describe.each(limits)('%s, over while the adapter still starts the agent', (_name, limit) => {
  it('is a timeout: the run is reaped and not tried again', async () => {
    await using places = await makePlaces();
    let starts = 0;
    let reaps = 0;
    const adapter = hostile(
      {},
      {
        adapter: (inner) => ({
          start: (_launch, call) => {
            starts += 1;
            return new Promise((_, reject) =>
              call?.signal?.addEventListener('abort', () => reject(call.signal?.reason)),
            );
          },
          reap: (handle, call) => {
            reaps += 1;
            return inner.reap(handle, call);
          },
        }),
      },
    );
    await using plane = await openPlane(places, { adapters: [adapter] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry, ...limit });
    expect(await task.outcome()).toMatchObject({ status: 'timed_out', code: 'timeout' });
    expect({ starts, reaps }).toEqual({ starts: 1, reaps: 1 });
    const events = await eventsOf(plane, task.id);
    expectSoundStream(events);
    expect(events.find(({ type }) => type === 'run.ended')?.['outcome']).toMatchObject({ status: 'timed_out' });
  });

  it('ends the task also when the start never returns, whatever its signal says', async () => {
    await using places = await makePlaces();
    const adapter = hostile({}, { adapter: () => ({ start: () => never() }) });
    const tuning = { stopGraceMs: 20, startTimeoutMs: 600_000, overdueMs: 50 };
    await using plane = await openPlane(places, { adapters: [adapter], tuning });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry, ...limit });
    expect(await task.outcome()).toMatchObject({ status: 'timed_out', code: 'timeout' });
  });
});

it('a cancel ends a task also when the start never returns', async () => {
  await using places = await makePlaces();
  const starting = Promise.withResolvers<void>();
  const adapter = hostile({}, { adapter: () => ({ start: () => never(starting.resolve) }) });
  const tuning = { stopGraceMs: 20, startTimeoutMs: 600_000, overdueMs: 50 };
  await using plane = await openPlane(places, { adapters: [adapter], tuning });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
  await starting.promise;
  await task.cancel();
  expect(await task.outcome()).toEqual({ status: 'cancelled' });
});
