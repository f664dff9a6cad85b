import { setTimeout as sleep } from 'node:timers/promises';
import { memoryRuntime, type MemoryStep } from '@runtime/conformance/memory-runtime';
import type { RunOutcome, SubmitRequest } from '@runtime/contracts';
import type { StoredEvent } from '@runtime/contracts/log';
import { describe, expect, inject, it } from 'vitest';
import { seen } from '../support/hostile.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane } from '../support/planes.ts';

/** Long enough that a task starts and is left within a few of them, however slow the machine is. */
const unitMs = 100 * inject('slowness');
const limitMs = 6 * unitMs;

interface Unwatched {
  /** What the agent does after its owner died. */
  readonly alone: readonly MemoryStep[];
  readonly request: Partial<SubmitRequest>;
  /** It does that this long after its turn began. */
  readonly afterMs?: number;
}

/** A task whose owner dies in its turn, whose agent goes on alone, and which is taken over after the limit. */
async function unwatched({
  alone,
  request,
  afterMs = 0,
}: Unwatched): Promise<{ outcome: RunOutcome; events: StoredEvent[] }> {
  await using places = await makePlaces();
  const gate = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const script = function* (): Generator<MemoryStep> {
    yield { do: 'say', text: 'begun' };
    yield { do: 'gate', until: gate.promise };
    // Before, because a process that ends plays nothing any more.
    done.resolve();
    yield* alone;
  };
  const adapters = [memoryRuntime({ script })];
  const first = await openPlane(places, { adapters });
  const { id } = await first.submit({ prompt: 'go', workspace: places.workspace, ...request });
  const begun = await seen(first, id, 'turn.started');
  await seen(first, id, 'message.completed');
  await first.close();
  const until = (time: number): Promise<void> => sleep(Math.max(0, begun.time + time - Date.now()));
  await until(afterMs);
  gate.resolve();
  await done.promise;
  await until(limitMs + unitMs);
  await using second = await openPlane(places, { adapters });
  const outcome = await second.task(id).outcome();
  const events = await eventsOf(second, id);
  expectSoundStream(events);
  return { outcome, events };
}

const limits = [
  ['runTimeoutMs', { runTimeoutMs: limitMs }],
  ['deadlineMs', { deadlineMs: limitMs }],
] as const;

describe.each(limits)('%s, over while no owner lives', (_name, request) => {
  it('is no timeout for an agent that had rested before', async () => {
    const { outcome, events } = await unwatched({ alone: [{ do: 'say', text: 'done' }], request });
    expect(outcome).toEqual({ status: 'succeeded' });
    expect(events.find(({ type }) => type === 'run.stopping')).toMatchObject({ cause: 'idle' });
  });

  it('is no timeout for an agent whose process had ended before', async () => {
    const exit = { do: 'exit', exit: { kind: 'exited', code: 0 } } as const;
    const { outcome } = await unwatched({ alone: [{ do: 'say', text: 'done' }, exit], request });
    expect(outcome).toEqual({ status: 'succeeded' });
  });

  it('leaves a failure what it is', async () => {
    const exit = { do: 'exit', exit: { kind: 'exited', code: 3 } } as const;
    const { outcome } = await unwatched({ alone: [exit], request });
    expect(outcome).toMatchObject({ status: 'failed', code: 'exit_code' });
  });

  it('is a timeout for an agent that rested only afterwards', async () => {
    const alone: MemoryStep[] = [{ do: 'say', text: 'done' }];
    const { outcome } = await unwatched({ alone, request, afterMs: limitMs + unitMs / 2 });
    expect(outcome).toMatchObject({ status: 'timed_out', code: 'timeout' });
  });
});

describe('idleTimeoutMs, over since the log was written', () => {
  it('counts from what the agent did meanwhile, by the time at which it did it', async () => {
    await using places = await makePlaces();
    const gate = Promise.withResolvers<void>();
    const said = Promise.withResolvers<void>();
    const script = function* (): Generator<MemoryStep> {
      yield { do: 'say', text: 'begun' };
      yield { do: 'gate', until: gate.promise };
      yield { do: 'say', text: 'alive' };
      said.resolve();
      yield { do: 'hang' };
    };
    const adapters = [memoryRuntime({ script })];
    const first = await openPlane(places, { adapters });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace, idleTimeoutMs: 8 * unitMs });
    await seen(first, id, 'message.completed');
    await first.close();
    await sleep(5 * unitMs);
    gate.resolve();
    await said.promise;
    const alive = Date.now();
    await sleep(4 * unitMs);
    await using second = await openPlane(places, { adapters });
    expect(await second.task(id).outcome()).toMatchObject({ status: 'timed_out' });
    const events = await eventsOf(second, id);
    const stopping = events.find(({ type }) => type === 'run.stopping');
    expect(stopping).toMatchObject({ cause: 'idle_timeout' });
    // Neither at once, since the agent was alive, nor a whole limit after somebody came to see it.
    expect(stopping!.time).toBeGreaterThanOrEqual(alive + 8 * unitMs - 100);
    const read = events.find((event) => event.type === 'message.completed' && event['text'] === 'alive');
    expect(stopping!.time - read!.time).toBeLessThan(8 * unitMs);
    expect(read!['sourceTime']).toBeLessThan(read!.time - 1000);
  });
});

it('an approval that the agent withdrew while no owner lived is not answered by the clock', async () => {
  await using places = await makePlaces();
  const gate = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const script = function* (): Generator<MemoryStep> {
    const request = {
      type: 'approval.requested',
      approvalId: 'own',
      kind: 'dialog',
      title: 'May I?',
      choices: [],
    } as const;
    yield { do: 'emit', event: request };
    yield { do: 'gate', until: gate.promise };
    yield { do: 'emit', event: { type: 'approval.withdrawn', approvalId: 'own' } };
    yield { do: 'say', text: 'never mind' };
    done.resolve();
  };
  const adapters = [memoryRuntime({ script })];
  const first = await openPlane(places, { adapters });
  const request = { prompt: 'go', workspace: places.workspace, approvals: { timeoutMs: 4 * unitMs } };
  const { id } = await first.submit(request);
  const asked = await seen(first, id, 'approval.requested');
  await first.close();
  gate.resolve();
  await done.promise;
  await sleep(Math.max(0, asked.time + 5 * unitMs - Date.now()));
  await using second = await openPlane(places, { adapters });
  expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
  const resolved = (await eventsOf(second, id)).find(({ type }) => type === 'approval.resolved');
  expect(resolved).toMatchObject({ by: 'runtime', resolution: { kind: 'cancelled' } });
});

it('an instruction that was taken in time is not declined because its owner died and its time passed', async () => {
  await using places = await makePlaces();
  const gate = Promise.withResolvers<void>();
  const script = function* (): Generator<MemoryStep> {
    yield { do: 'say', text: 'begun' };
    yield { do: 'listen' };
    yield { do: 'gate', until: gate.promise };
  };
  const adapters = [memoryRuntime({ script })];
  // The first owner hangs right after the runtime took the steer: what it reported is not read any more.
  const dead = Promise.withResolvers<never>();
  const sent = Promise.withResolvers<void>();
  let sends = 0;
  const failpoint = (name: string): void | Promise<void> => {
    if (name === 'send.after' && (sends += 1) === 2) {
      sent.resolve();
      return dead.promise;
    }
    if (name === 'append.before:instruction.accepted' && sends === 2) return dead.promise;
    return undefined;
  };
  const first = await openPlane(places, { adapters, failpoint });
  const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
  await seen(first, id, 'message.completed');
  const { instructionId } = await first.task(id).steer('left', { expiresAt: Date.now() + 4 * unitMs });
  await sent.promise;
  const closing = first.close();
  dead.reject(new Error('the owner is dead'));
  await closing.catch(() => undefined);
  await sleep(5 * unitMs);
  await using second = await openPlane(places, { adapters });
  await seen(second, id, 'instruction.delivered');
  gate.resolve();
  expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
  const told = (await eventsOf(second, id)).filter((event) => event['instructionId'] === instructionId);
  expect(told.map(({ type }) => type)).not.toContain('instruction.declined');
});
