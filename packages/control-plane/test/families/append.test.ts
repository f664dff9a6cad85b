import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { ControlPlane } from '@runtime/contracts';
import { maxFamilyEventBytes, type EventFamily, type NewEvent, type StoredEvent } from '@runtime/contracts/log';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectControlPlane, openReadOnlyPlane } from '../../src/index.ts';
import { faultyFs } from '../support/faulty-fs.ts';
import { outbox, queued, sent } from '../support/outbox.ts';
import { makePlaces, openOverSocket, openPlane, socketClient } from '../support/planes.ts';

const adapters = [memoryRuntime()];

async function eventsAt(plane: ControlPlane, stream: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of plane.events({ follow: false })) if (event.stream === stream) events.push(event);
  return events;
}

/** Something that no type allows, passed all the same. */
const odd = (value: unknown): never => value as never;

/** As deep as this, itself included. */
const nested = (levels: number): unknown => (levels === 0 ? 'deep' : [nested(levels - 1)]);

const loose: EventFamily = {
  name: 'loose',
  version: '1',
  schemas: {
    'loose.noted': z.looseObject({ type: z.literal('loose.noted') }),
    'loose.untyped': z.object({ text: z.string() }),
    'loose.thrown': z.looseObject({ type: z.literal('loose.thrown') }).transform(() => {
      throw new Error('the schema has a fault');
    }),
    'loose.awaited': z.looseObject({ type: z.literal('loose.awaited') }).refine(async () => true),
    'loose.filled': z.object({ type: z.literal('loose.filled'), count: z.int().default(7) }),
  },
  streams: ['loose/'],
  initial: 0,
  fold: (state) => state,
};
const families = [outbox, loose];

describe('events of a family', () => {
  it('are in the log, in one batch, once they are acknowledged', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    const result = await plane.append('outbox/a', [queued('m-1'), queued('m-2')]);
    expect(result).toMatchObject({ last: result.first + 1, revision: 2 });
    expect(await plane.append('outbox/a', [sent('m-1')], { expected: 2 })).toMatchObject({ revision: 3 });
    expect(await eventsAt(plane, 'outbox/a')).toMatchObject([
      { ...queued('m-1'), revision: 1, position: result.first },
      { ...queued('m-2'), revision: 2 },
      { ...sent('m-1'), revision: 3 },
    ]);
    expect(await plane.append('loose/a', [{ type: 'loose.filled' }])).toMatchObject({ revision: 1 });
    expect(await eventsAt(plane, 'loose/a'), 'as their schema returns them').toMatchObject([{ count: 7 }]);
  });

  it('have the order of the calls', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    const ids = Array.from({ length: 50 }, (_, at) => `m-${at}`);
    const results = await Promise.all(ids.map((id, at) => plane.append('outbox/a', [queued(id)], { expected: at })));
    expect(results.map(({ revision }) => revision)).toEqual(ids.map((_, at) => at + 1));
    expect((await eventsAt(plane, 'outbox/a')).map(({ id }) => id)).toEqual(ids);
  });

  it('reach readers by type, in this process and over the socket, and those of a task not at all', async () => {
    await using places = await makePlaces(families);
    await using owner = await openPlane(places, { adapters, families, listen: true });
    await using client = await socketClient(places);
    const task = await owner.submit({ prompt: 'go', workspace: places.workspace });
    await owner.append('outbox/a', [queued('m-1')]);
    await owner.append('plane', [sent('m-1')]);
    await task.outcome();
    for (const plane of [owner, client]) {
      const types: string[] = [];
      for await (const { type } of plane.events({ follow: false, types: ['outbox.*'] })) types.push(type);
      expect(types).toEqual(['outbox.queued', 'outbox.sent']);
      for await (const { stream } of plane.task(task.id).events()) expect(stream).toBe(`task/${task.id}`);
    }
  });

  it.each<[what: string, stream: string, events: readonly NewEvent[], message: RegExp]>([
    ['no event', 'outbox/a', [], /1 to 4096/],
    ['no list', 'outbox/a', odd(queued('m-1')), /1 to 4096/],
    ['nothing in a list', 'outbox/a', [odd(null)], /an object with a type/],
    ['what has no type', 'outbox/a', [odd({ id: 'm-1' })], /an object with a type/],
    ['no stream', odd(undefined), [sent('m-1')], /may not write/],
    ['too many', 'outbox/a', Array.from({ length: 4097 }, () => sent('m-1')), /1 to 4096/],
    ['a type of nobody', 'outbox/a', [{ type: 'outbox.lost' }], /no family .* "outbox\.lost"/],
    ['a type that every object has', 'outbox/a', [{ type: 'constructor' }], /no family/],
    [
      'a type of the plane itself',
      'plane',
      [{ type: 'plane.opened', epoch: 9, pid: 9, bootId: '' }],
      /the plane itself/,
    ],
    ['a type of tasks', 'task/task-1', [{ type: 'task.ended', outcome: { status: 'succeeded' } }], /the plane itself/],
    ['one among others', 'outbox/a', [queued('m-1'), { type: 'artifact.stored' }], /the plane itself/],
    ["a task's stream", 'task/task-1', [sent('m-1')], /may not write .*task\/task-1/],
    ["a runtime's stream", 'runtime/memory', [sent('m-1')], /may not write/],
    ["another family's stream", 'loose/a', [sent('m-1')], /may not write/],
    ['a stream with no name', 'outbox/', [sent('m-1')], /may not write/],
    ['a stream beside its own', 'outbox', [sent('m-1')], /may not write/],
    ['a stream that no log takes', 'outbox/a b', [sent('m-1')], /not a stream name/],
    ['what its schema refuses', 'outbox/a', [{ type: 'outbox.sent', id: 'M 1' }], /outbox\.sent: id/],
    ['a field that its schema does not know', 'outbox/a', [{ ...sent('m-1'), more: 1 }], /outbox\.sent/],
    ['a field of the log', 'loose/a', [{ type: 'loose.noted', time: 1 }], /belongs to the log/],
    ['what no JSON keeps', 'loose/a', [{ type: 'loose.noted', at: new Date() }], /no plain data/],
    ['more bytes than an event may have', 'loose/a', [large(maxFamilyEventBytes + 1)], /more than 262144 bytes/],
    ['deeper values than an event may have', 'loose/a', [{ type: 'loose.noted', at: nested(65) }], /deeper than 64/],
    [
      'what overflows the stack',
      'loose/a',
      [{ type: 'loose.noted', at: nested(5000) }],
      /deeper than 64|cannot be read/,
    ],
    [
      'what its schema leaves without a type',
      'loose/a',
      [{ type: 'loose.untyped', text: '' }],
      /does not keep the type/,
    ],
    ['what its schema throws at', 'loose/a', [{ type: 'loose.thrown' }], /its schema threw/],
    ['what its schema waits for', 'loose/a', [{ type: 'loose.awaited' }], /its schema threw/],
  ])('are refused whole, and nothing is appended: %s', async (_, stream, events, message) => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    await expect(plane.append(stream, events)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
    const log: StoredEvent[] = [];
    for await (const event of plane.events({ follow: false })) log.push(event);
    expect(log.map(({ type }) => type)).toEqual(['plane.opened']);
  });

  it('are taken up to the limits of an event', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    await plane.append('loose/a', [large(maxFamilyEventBytes), { type: 'loose.noted', at: nested(64) }]);
    expect(await eventsAt(plane, 'loose/a')).toHaveLength(2);
  });

  it('are refused with CONFLICT where their stream is at another revision', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    await plane.append('outbox/a', [queued('m-1')], { expected: 0 });
    await expect(plane.append('outbox/a', [sent('m-1')], { expected: 0 })).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { expected: 0, actual: 1 },
    });
    await expect(plane.append('outbox/a', [sent('m-1')], { expected: -1 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(await eventsAt(plane, 'outbox/a')).toHaveLength(1);
  });

  it('are not appended for a caller who has left, and are for one who leaves later', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    await expect(plane.append('outbox/a', [queued('m-1')], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const leaving = new AbortController();
    const appending = plane.append('outbox/a', [queued('m-2')], { signal: leaving.signal });
    leaving.abort();
    await expect(appending).rejects.toMatchObject({ code: 'CANCELLED' });
    await plane.append('outbox/a', [queued('m-3')]);
    expect((await eventsAt(plane, 'outbox/a')).map(({ id }) => id)).toEqual(['m-2', 'm-3']);
  });

  it('are appended by no client, and by no reader', async () => {
    await using places = await makePlaces(families);
    await using overSocket = await openOverSocket(places, { adapters, families });
    await using sameProcess = await connectControlPlane({ dataDir: places.dataDir });
    for (const client of [overSocket, sameProcess]) {
      const refusal = { code: 'UNSUPPORTED', retry: 'never', hint: expect.any(String) };
      await expect(client.append('outbox/a', [queued('m-1')])).rejects.toMatchObject(refusal);
      await expect(client.state(outbox)).rejects.toMatchObject(refusal);
    }
    await using reader = await openReadOnlyPlane({ dataDir: places.dataDir, families });
    await expect(reader.append('outbox/a', [queued('m-1')])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('append needs an owner'),
    });
  });

  it('are refused while the disk is full, and taken when there is room', async () => {
    await using places = await makePlaces(families);
    const { fs, faults } = faultyFs();
    await using plane = await openPlane(places, { adapters, families, logFs: fs });
    faults.full = true;
    await expect(plane.append('outbox/a', [queued('m-1')])).rejects.toMatchObject({ code: 'EXHAUSTED' });
    expect((await plane.state(outbox)).waiting).toEqual({});
    faults.full = false;
    await plane.append('outbox/a', [queued('m-2')], { expected: 0 });
    expect(Object.keys((await plane.state(outbox)).waiting)).toEqual(['m-2']);
  });

  it('are OUTCOME_UNKNOWN where the log fails under them, and the plane closes', async () => {
    await using places = await makePlaces(families);
    const { fs, faults } = faultyFs();
    const plane = await openPlane(places, { adapters, families, logFs: fs });
    faults.failSyncs = 1;
    await expect(plane.append('outbox/a', [queued('m-1')])).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    const reason = { code: 'UNAVAILABLE', details: { poisoned: true } };
    expect(await plane.closed).toMatchObject(reason);
    await expect(plane.append('outbox/a', [queued('m-2')])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { gone: true },
      cause: reason,
    });
    await plane.close();
  });

  it('are refused by a plane that is closed, as everything else is', async () => {
    await using places = await makePlaces(families);
    const plane = await openPlane(places, { adapters, families });
    const appending = plane.append('outbox/a', [queued('m-1')]);
    await plane.close();
    await expect(appending, 'under way when it closed').resolves.toMatchObject({ revision: 1 });
    const refusal = { code: 'UNAVAILABLE', details: { gone: true }, hint: expect.stringContaining('the work goes on') };
    await expect(plane.append('outbox/a', [sent('m-1')])).rejects.toMatchObject(refusal);
    await expect(plane.state(outbox)).rejects.toMatchObject(refusal);
    const reader = await openReadOnlyPlane({ dataDir: places.dataDir, families });
    await reader.close();
    await expect(reader.state(outbox)).rejects.toMatchObject(refusal);
  });
});

/** An event of this many bytes as JSON. */
function large(bytes: number): NewEvent {
  const event = { type: 'loose.noted', text: '' };
  return { ...event, text: 'x'.repeat(bytes - JSON.stringify(event).length) };
}

describe('a family', () => {
  const fold = (state: unknown): unknown => state;
  const named = (over: Partial<EventFamily>): EventFamily => ({ ...loose, schemas: {}, ...over, fold });

  it.each<[what: string, families: readonly EventFamily[]]>([
    ['a name that names no file', [named({ name: 'Out Box' })]],
    ['a name that is too long', [named({ name: 'x'.repeat(41) })]],
    ['no version', [named({ version: '' })]],
    ['a type that is no event', [named({ schemas: { sent: z.object({}) } })]],
    ['a type of the plane itself', [named({ schemas: { 'task.ended': z.object({}) } })]],
    ['a type of runtimes', [named({ schemas: { 'breaker.opened': z.object({}) } })]],
    ['what is no schema', [named({ schemas: { 'x.noted': {} as z.ZodType } })]],
    ['no stream', [named({ streams: [] })]],
    ["tasks' streams", [named({ streams: ['task/'] })]],
    ["runtimes' streams", [named({ streams: ['runtime/'] })]],
    ['all streams', [named({ streams: ['/'] })]],
    ['a stream of no kind', [named({ streams: ['outbox'] })]],
    ['no fold', [{ ...loose, fold: undefined as unknown as EventFamily['fold'] }]],
    ["another one's name", [loose, named({ name: 'loose' })]],
    ["another one's type", [loose, named({ name: 'other', schemas: loose.schemas })]],
    ['too many beside it', Array.from({ length: 33 }, (_, at) => named({ name: `family-${at}` }))],
  ])('is refused before anything is opened, with %s', async (_, refused) => {
    await using places = await makePlaces();
    const opening = openPlane(places, { adapters, families: refused });
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await using plane = await openPlane(places, { adapters });
    expect((await plane.info()).epoch, 'the first owner').toBe(1);
    await expect(openReadOnlyPlane({ dataDir: places.dataDir, families: refused })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
