import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { describe, expect, it } from 'vitest';
import { makePlaces, openPlane, retry } from '../support/planes.ts';

interface Start {
  readonly patience: number | undefined;
  /** How long it was waited for, in ms; undefined for a start that was let be. */
  readonly waitedMs: number | undefined;
}

/** A backend whose first starts take longer than anybody waits. */
function slow(tooSlow: number, over: Partial<RuntimeAdapter> = {}) {
  const inner = memoryRuntime();
  const starts: Start[] = [];
  const adapter: RuntimeAdapter = {
    ...inner,
    ...over,
    start: async (launch, call) => {
      const { patience } = launch;
      const signal = call?.signal;
      if (starts.length >= tooSlow || !signal) {
        starts.push({ patience, waitedMs: undefined });
        return inner.start(launch, call);
      }
      const from = performance.now();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      starts.push({ patience, waitedMs: performance.now() - from });
      throw signal.reason;
    },
  };
  return { adapter, starts };
}

const limitMs = 40;
const tuning = { startTimeoutMs: limitMs, stopGraceMs: 50, overdueMs: 60_000 };
/** A timer may fire a moment before its time. */
const tolerance = 5;

describe('a backend that starts slowly', () => {
  it('is given more time with each start, and its adapter is told', async () => {
    await using places = await makePlaces();
    const { adapter, starts } = slow(2);
    await using plane = await openPlane(places, { adapters: [adapter], tuning });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(starts.map(({ patience }) => patience)).toEqual([1, 2, 4]);
    expect(starts[1]?.waitedMs).toBeGreaterThanOrEqual(2 * limitMs - tolerance);
  });

  it('is given more time by the next task, too', async () => {
    await using places = await makePlaces();
    const { adapter, starts } = slow(2);
    await using plane = await openPlane(places, { adapters: [adapter], tuning });
    for (let count = 0; count < 2; count += 1) {
      const task = await plane.submit({
        prompt: 'go',
        workspace: places.workspace,
        retry: { ...retry, maxAttempts: 1 },
      });
      await task.outcome();
    }
    expect(starts.map(({ patience }) => patience)).toEqual([1, 2]);
  });

  it('is not ended before its own limit, whatever that of the plane is', async () => {
    await using places = await makePlaces();
    const startupMs = 10 * limitMs;
    const { adapter, starts } = slow(1, { startupMs });
    await using plane = await openPlane(places, { adapters: [adapter], tuning });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(starts[0]?.waitedMs).toBeGreaterThanOrEqual(startupMs - tolerance);
  });

  it('fails with the name of the setting', async () => {
    await using places = await makePlaces();
    const { adapter } = slow(1);
    await using plane = await openPlane(places, { adapters: [adapter], tuning });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry: { ...retry, maxAttempts: 1 } });
    expect(await task.outcome()).toMatchObject({
      status: 'failed',
      message: expect.stringMatching(/took longer than 40 ms.*startTimeoutMs/),
    });
  });
});
