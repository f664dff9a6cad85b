import { memoryRuntime, type MemoryStep } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { seen } from '../support/hostile.ts';
import { makePlaces, openPlane } from '../support/planes.ts';

it('a pause that the backend announced is no stall until it is over', async () => {
  await using places = await makePlaces();
  const delayMs = 1500;
  const stallAfterMs = 30;
  const script = (): MemoryStep[] => [
    { do: 'emit', event: { type: 'retry.scheduled', attempt: 1, delayMs, reason: '429' } },
    { do: 'hang' },
  ];
  await using plane = await openPlane(places, {
    adapters: [memoryRuntime({ script })],
    tuning: { stallAfterMs },
  });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  const scheduled = await seen(plane, task.id, 'retry.scheduled');
  const stalled = await seen(plane, task.id, 'run.stalled');
  expect(stalled.time - scheduled.time).toBeGreaterThanOrEqual(delayMs + stallAfterMs);
  await task.cancel();
  await task.outcome();
});
