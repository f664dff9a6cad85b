import { memoryRuntime, type MemoryStep } from '@runtime/conformance/memory-runtime';
import { describe, expect, it } from 'vitest';
import { seen } from '../support/hostile.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane } from '../support/planes.ts';

const hour = 3_600_000;

/** The machine's clocks, of which the wall clock can be moved: the machine slept, or somebody set it. */
function machine() {
  let moved = 0;
  return {
    clocks: { wall: () => Date.now() + moved, monotonic: () => performance.now() },
    move: (ms: number): void => {
      moved += ms;
    },
  };
}

async function play(request: object, move: number) {
  await using places = await makePlaces();
  const { clocks, move: moveBy } = machine();
  const gate = Promise.withResolvers<void>();
  const script = (): MemoryStep[] => [
    { do: 'say', text: 'begun' },
    { do: 'gate', until: gate.promise },
    { do: 'say', text: 'done' },
  ];
  await using plane = await openPlane(places, { adapters: [memoryRuntime({ script })], clocks });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace, ...request });
  await seen(plane, task.id, 'message.completed');
  moveBy(move);
  // The plane looks at its tasks, and thereby at the clock.
  await task.steer('still there?');
  await seen(plane, task.id, 'instruction.sending');
  gate.resolve();
  const outcome = await task.outcome();
  const events = await eventsOf(plane, task.id);
  expectSoundStream(events);
  return { outcome, events, now: clocks.wall() };
}

describe('a machine that slept for eight hours', () => {
  it.each([['runTimeoutMs'], ['idleTimeoutMs']])('has not used up %s', async (limit) => {
    expect((await play({ [limit]: hour }, 8 * hour)).outcome).toEqual({ status: 'succeeded' });
  });

  it('writes later events with the time that it is then', async () => {
    const { events, now } = await play({}, 8 * hour);
    expect(now - (events.at(-1)?.time ?? 0)).toBeLessThan(hour);
    expect((events.at(-1)?.time ?? 0) - (events[0]?.time ?? 0)).toBeGreaterThan(7 * hour);
  });

  it('has let a deadline pass', async () => {
    await using places = await makePlaces();
    const { clocks, move } = machine();
    const adapters = [memoryRuntime({ script: () => [{ do: 'say', text: 'begun' }, { do: 'hang' }] })];
    await using plane = await openPlane(places, { adapters, clocks });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, deadlineMs: hour });
    await seen(plane, task.id, 'message.completed');
    move(8 * hour);
    await task.steer('still there?');
    expect(await task.outcome()).toMatchObject({ status: 'timed_out' });
  });
});

it('a wall clock that is set back by an hour makes no time run backwards, and no limit longer by an hour', async () => {
  const { events, outcome } = await play({ deadlineMs: hour }, -hour);
  expect(outcome).toEqual({ status: 'succeeded' });
  const times = events.map(({ time }) => time);
  expect(times).toEqual([...times].toSorted((a, b) => a - b));
  await using places = await makePlaces();
  const { clocks, move } = machine();
  const adapters = [memoryRuntime({ script: () => [{ do: 'say', text: 'begun' }, { do: 'hang' }] })];
  await using plane = await openPlane(places, { adapters, clocks });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace, runTimeoutMs: 1500 });
  await seen(plane, task.id, 'turn.started');
  move(-hour);
  expect(await task.outcome()).toMatchObject({ status: 'timed_out' });
});

it('a deadline of a month does not fire at once: a timer has 31 bits', async () => {
  expect((await play({ deadlineMs: 31 * 24 * hour, runTimeoutMs: 31 * 24 * hour }, 0)).outcome).toEqual({
    status: 'succeeded',
  });
});
