import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { ControlPlane } from '@runtime/contracts';
import { maxFamilyStateBytes, type EventFamily, type NewEvent, type StoredEvent } from '@runtime/contracts/log';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { openReadOnlyPlane } from '../../src/index.ts';
import { folded, outbox, queued, sent } from '../support/outbox.ts';
import { makePlaces, openPlane, type Places } from '../support/planes.ts';

const adapters = [memoryRuntime()];
const families = [outbox];

/** By default more events than a close leaves unsaved. */
const many = (count = 2100, event = sent('m-0')): NewEvent[] => Array.from({ length: count }, () => event);

/** Of an owner that does not know the outbox, in the same streams. */
const inbox: EventFamily<number> = {
  name: 'inbox',
  version: '1',
  schemas: { 'inbox.noted': z.object({ type: z.literal('inbox.noted') }) },
  streams: ['outbox/'],
  initial: 0,
  fold: (state) => state + 1,
};

/** What a family's state must be: the fold of the log as a reader has it. */
async function foldOf<State>(plane: ControlPlane, family: EventFamily<State>): Promise<State> {
  const events: StoredEvent[] = [];
  for await (const { cursor: _, ...event } of plane.events({ follow: false })) events.push(event);
  return folded(family, events);
}

const snapshots = async ({ dataDir }: Places): Promise<string[]> =>
  readdir(join(dataDir, 'log/snapshots')).catch(() => []);

/** A family that counts how many events it folds: one of a later version of the program, or of another. */
function counting({ family = outbox }: { readonly family?: EventFamily } = {}) {
  const counts = { folded: 0 };
  const counted: EventFamily = {
    ...family,
    fold: (state, event) => {
      counts.folded += 1;
      return family.fold(state, event);
    },
  };
  return { counts, family: counted };
}

function warnings(): string[] {
  const seen: string[] = [];
  const listen = ({ message }: Error): void => void seen.push(message);
  process.on('warning', listen);
  onTestFinished(() => void process.off('warning', listen));
  return seen;
}

describe('the state of a family', () => {
  it('has every append that was acknowledged, and what became of tasks', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    expect(await plane.state(outbox)).toEqual(outbox.initial);
    await plane.append('outbox/a', [queued('m-1'), queued('m-2')]);
    expect(await plane.state(outbox)).toEqual({ waiting: { 'm-1': 'hello', 'm-2': 'hello' }, sent: 0, ended: 0 });
    await (await plane.submit({ prompt: 'go', workspace: places.workspace })).outcome();
    await plane.append('plane', [sent('m-2')]);
    expect(await plane.state(outbox)).toEqual({ waiting: { 'm-1': 'hello' }, sent: 1, ended: 1 });
    expect(await plane.state(outbox)).toEqual(await foldOf(plane, outbox));
  });

  it('has the own append of each of many callers at once', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    const states = Array.from({ length: 40 }, async (_, at) => {
      await plane.append('outbox/a', [queued(`m-${at}`)]);
      return [`m-${at}`, await plane.state(outbox)] as const;
    });
    for (const [id, state] of await Promise.all(states)) expect(Object.keys(state.waiting)).toContain(id);
  });

  it('is there for the next owner, and for a reader without one or beside one', async () => {
    await using places = await makePlaces(families);
    const first = await openPlane(places, { adapters, families });
    await first.append('outbox/a', [queued('m-1')]);
    await first.close();
    await using reader = await openReadOnlyPlane({ dataDir: places.dataDir, families });
    expect((await reader.state(outbox)).waiting).toEqual({ 'm-1': 'hello' });
    await using second = await openPlane(places, { adapters, families });
    expect((await second.state(outbox)).waiting).toEqual({ 'm-1': 'hello' });
    await second.append('outbox/a', [sent('m-1')]);
    expect(await reader.state(outbox)).toEqual(await second.state(outbox));
  });

  it('is NOT_FOUND of a plane that was not opened with it, or with another version of it', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    await using reader = await openReadOnlyPlane({ dataDir: places.dataDir, families });
    for (const each of [plane, reader]) {
      for (const family of [
        { ...outbox, name: 'inbox' },
        { ...outbox, version: '2' },
      ]) {
        await expect(each.state(family)).rejects.toMatchObject({ code: 'NOT_FOUND', hint: expect.any(String) });
      }
    }
  });

  it('is that of a family, and of nothing else', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    for (const odd of [undefined, null, 'outbox', {}, { name: 7, version: '1' }])
      await expect(plane.state(odd as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('costs nothing before it is asked for, and then only what is new', async () => {
    await using places = await makePlaces(families);
    const { family, counts } = counting();
    await using plane = await openPlane(places, { adapters, families: [family] });
    await plane.append('outbox/a', many(100));
    expect(counts.folded).toBe(0);
    await Promise.all([plane.state(family), plane.state(family)]);
    expect(counts.folded).toBe(101);
    await plane.append('outbox/a', [sent('m-1')]);
    await plane.state(family);
    expect(counts.folded).toBe(102);
  });

  it('leaves a caller who has enough of waiting, and goes on for the next one', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    await plane.append('outbox/a', [queued('m-1')]);
    const leaving = new AbortController();
    const asking = plane.state(outbox, { signal: leaving.signal });
    leaving.abort();
    await expect(asking).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await plane.state(outbox)).waiting).toEqual({ 'm-1': 'hello' });
  });
});

describe('the snapshot of a family', () => {
  it('is taken at a close that brought much, and read by the next owner and by readers in place of the log', async () => {
    await using places = await makePlaces(families);
    const first = await openPlane(places, { adapters, families });
    await first.append('outbox/a', [...many(), queued('m-1')]);
    const state = await first.state(outbox);
    await first.close();
    expect(await snapshots(places)).toContain('family-outbox.json');
    const { family, counts } = counting();
    await using reader = await openReadOnlyPlane({ dataDir: places.dataDir, families: [family] });
    expect(await reader.state(family)).toEqual(state);
    expect(counts.folded).toBe(0);
    await using second = await openPlane(places, { adapters, families: [family] });
    expect(await second.state(family)).toEqual(state);
    expect(counts.folded, 'the opening of this owner').toBe(1);
  });

  it('is not taken at a close that brought little, or of a state that nobody asked for', async () => {
    await using places = await makePlaces(families);
    const first = await openPlane(places, { adapters, families });
    await first.append('outbox/a', many(10));
    await first.state(outbox);
    await first.close();
    const second = await openPlane(places, { adapters, families });
    await second.append('outbox/b', many());
    await second.close();
    expect(await snapshots(places)).not.toContain('family-outbox.json');
  });

  it('is taken while the plane is open, once there is much, also where no task does anything', async () => {
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families });
    await plane.state(outbox);
    for (let batch = 0; batch < 5; batch += 1) await plane.append(`outbox/${batch}`, many(4096));
    await expect.poll(() => snapshots(places)).toContain('family-outbox.json');
  });

  it.each<[what: string, change: (places: Places) => Promise<EventFamily>]>([
    ['is of another version', async () => ({ ...outbox, version: '2' })],
    [
      'is damaged',
      async ({ dataDir }) => {
        await writeFile(join(dataDir, 'log/snapshots/family-outbox.json'), 'nonsense');
        return outbox;
      },
    ],
  ])('is not read where it %s: this family is folded from the log, and the others are not', async (_, change) => {
    const other: EventFamily<number> = {
      name: 'other',
      version: '1',
      schemas: {},
      streams: ['other/'],
      initial: 0,
      fold: (state) => state + 1,
    };
    await using places = await makePlaces(families);
    const first = await openPlane(places, { adapters, families: [outbox, other] });
    await first.append('outbox/a', many());
    await first.state(outbox);
    await first.state(other);
    await first.close();
    const changed = counting({ family: await change(places) });
    const same = counting({ family: other });
    await using second = await openPlane(places, { adapters, families: [changed.family, same.family] });
    expect(await second.state(changed.family)).toEqual(await foldOf(second, outbox));
    expect(await second.state(same.family)).toBe(await foldOf(second, other));
    expect([changed.counts.folded, same.counts.folded]).toEqual([2102, 1]);
  });

  it('of an owner that knows the family leaves nothing out that an owner without it appended', async () => {
    await using places = await makePlaces([outbox, inbox]);
    const first = await openPlane(places, { adapters, families });
    await first.append('outbox/a', many());
    await first.state(outbox);
    await first.append('outbox/a', [queued('m-1')]);
    await first.close();
    expect(await snapshots(places)).toContain('family-outbox.json');
    const without = await openPlane(places, { adapters, families: [inbox] });
    await without.append('outbox/a', many(2100, { type: 'inbox.noted' }));
    await without.state(inbox);
    await (await without.submit({ prompt: 'go', workspace: places.workspace })).outcome();
    await without.close();
    expect(await snapshots(places), 'the tasks of that owner are saved').toContain('tasks.json');
    await using third = await openPlane(places, { adapters, families });
    const state = await third.state(outbox);
    expect(state).toEqual({ waiting: { 'm-1': 'hello' }, sent: 2100, ended: 1 });
    expect(state).toEqual(await foldOf(third, outbox));
  });

  it('that was never taken loses nothing: what an owner without the family saved is not what it has', async () => {
    await using places = await makePlaces([outbox, inbox]);
    const first = await openPlane(places, { adapters, families });
    await first.append('outbox/a', [queued('m-1')]);
    await first.close();
    const without = await openPlane(places, { adapters, families: [inbox] });
    await without.append('outbox/a', many(2100, { type: 'inbox.noted' }));
    await without.close();
    expect(await snapshots(places)).toContain('tasks.json');
    const third = await openPlane(places, { adapters, families });
    expect((await third.state(outbox)).waiting).toEqual({ 'm-1': 'hello' });
    await third.close();
    expect(await snapshots(places), 'since it was folded from afar').toContain('family-outbox.json');
  });

  it.each<[what: string, state: unknown, why: RegExp]>([
    ['has more bytes than are saved', 'x'.repeat(maxFamilyStateBytes), /4194306 bytes as JSON, above the limit/],
    ['is not what JSON gives back', { at: new Map([['a', 1]]) }, /not what JSON gives back/],
    ['holds what JSON makes null', [Number.NaN], /not what JSON gives back/],
    ['is no JSON', 1n, /is no JSON/],
  ])('is not taken where the state %s, with a warning: the log is folded each time', async (_, state, why) => {
    const seen = warnings();
    const family: EventFamily = { ...outbox, fold: () => state };
    await using places = await makePlaces(families);
    const first = await openPlane(places, { adapters, families: [family] });
    await first.append('outbox/a', many());
    await first.state(family);
    await first.close();
    await expect.poll(() => seen.find((message) => message.includes('family outbox'))).toMatch(why);
    expect(await snapshots(places)).not.toContain('family-outbox.json');
    await using second = await openPlane(places, { adapters, families: [family] });
    expect(await second.state(family)).toEqual(state);
  });
});

describe('a fold that throws', () => {
  const threw = { times: 0 };
  const broken: EventFamily<number> = {
    name: 'broken',
    version: '1',
    schemas: {},
    streams: ['broken/'],
    initial: 0,
    fold(state, event) {
      if (event.type !== 'outbox.sent') return state + 1;
      threw.times += 1;
      throw new TypeError('nothing is ever sent');
    },
  };

  it('ends the state of its family alone, and the plane says at which event', async () => {
    const seen = warnings();
    await using places = await makePlaces(families);
    await using plane = await openPlane(places, { adapters, families: [outbox, broken] });
    await plane.append('outbox/a', [queued('m-1')]);
    expect(await plane.state(broken)).toBe(2);
    const { first } = await plane.append('outbox/a', [sent('m-1')]);
    const failure = {
      code: 'INTERNAL',
      message: expect.stringContaining(`broken threw at outbox.sent, position ${first}`),
      details: { family: 'broken', position: first, type: 'outbox.sent' },
      cause: expect.any(TypeError),
      hint: expect.any(String),
    };
    await expect(plane.state(broken)).rejects.toMatchObject(failure);
    await plane.append('outbox/a', [queued('m-2')]);
    await expect(plane.state(broken), 'and does not go on behind it').rejects.toMatchObject(failure);
    expect(threw.times, 'nor is it tried again').toBe(1);
    expect(await plane.state(outbox)).toMatchObject({ waiting: { 'm-2': 'hello' }, sent: 1 });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    await expect.poll(() => seen.filter((message) => message.includes('family broken'))).toHaveLength(1);
  });

  it('loses nothing: a corrected one has the whole log', async () => {
    await using places = await makePlaces(families);
    const first = await openPlane(places, { adapters, families: [outbox, broken] });
    await first.append('outbox/a', [...many(), sent('m-1'), queued('m-1')]);
    await expect(first.state(broken)).rejects.toMatchObject({ code: 'INTERNAL' });
    await first.close();
    const corrected: EventFamily<number> = { ...broken, fold: (state) => state + 1 };
    await using second = await openPlane(places, { adapters, families: [outbox, corrected] });
    expect(await second.state(corrected)).toBe(await foldOf(second, corrected));
  });
});
