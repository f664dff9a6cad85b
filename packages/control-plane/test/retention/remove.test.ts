import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { ControlPlane, SubmitRequest, TaskHandle } from '@runtime/contracts';
import { verifyLog } from '@runtime/event-log';
import { describe, expect, it } from 'vitest';
import { openReadOnlyPlane } from '../../src/index.ts';
import {
  eventsOf,
  makePlaces,
  openOverSocket,
  openPlane,
  socketClient,
  type Places,
  type PlaneOptions,
} from '../support/planes.ts';
import { seen } from '../support/hostile.ts';
import { textOf } from '../support/text-of.ts';

const adapter = memoryRuntime({
  script: ({ text }) =>
    text.startsWith('hang')
      ? [{ do: 'say', text: 'begun' }, { do: 'hang' }]
      : [
          { do: 'write', path: 'made.md', text },
          { do: 'say', text: `the answer to ${text}` },
        ],
});

async function run(
  plane: ControlPlane,
  places: Places,
  prompt: string,
  over: Partial<SubmitRequest> = {},
): Promise<TaskHandle> {
  const task = await plane.submit({ prompt, workspace: places.workspace, ...over });
  await task.outcome();
  return task;
}

/** Everything that lies in the directory, as text, but for the contents of artifacts. */
async function everything(dir: string): Promise<string> {
  const names = await readdir(dir, { recursive: true });
  const texts = names
    .filter((name) => !name.startsWith('artifacts'))
    .map(async (name) => `${name}\n${await readFile(join(dir, name), 'utf8').catch(() => '')}`);
  return (await Promise.all(texts)).join('\n');
}

const idsOf = async (plane: ControlPlane): Promise<string[]> => (await plane.tasks()).map(({ id }) => id);

async function expectGone(plane: ControlPlane, { id }: TaskHandle): Promise<void> {
  await expect(plane.task(id).status()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(plane.task(id).outcome()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(eventsOf(plane, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(plane.task(id).cancel()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(plane.task(id).remove()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await idsOf(plane)).not.toContain(id);
}

describe.each([
  ['in process', openPlane],
  ['over a socket', openOverSocket],
])('a task is removed %s', (_, open) => {
  it('with its events, the directories of its runs and checks, and at the next collection its artifacts', async () => {
    await using places = await makePlaces();
    const options: PlaneOptions = { adapters: [adapter] };
    await using plane = await open(places, options);
    const check = { command: ['true'], maxRounds: 1 };
    const kept = await run(plane, places, 'keep me', { key: 'kept' });
    const gone = await run(plane, places, 'swordfish', { key: 'gone', check, deliverables: [{ glob: '*.md' }] });
    const runs = await readdir(join(places.dataDir, 'runs'));
    expect(runs.length).toBeGreaterThan(2);
    expect(await everything(places.dataDir)).toContain('swordfish');
    const foretold = await gone.remove({ dryRun: true });
    expect(await idsOf(plane)).toEqual([gone.id, kept.id]);
    const report = await gone.remove({ by: 'me', why: 'it told a secret' });
    expect(report).toMatchObject({ tasks: 1, taskIds: [gone.id], runs: 2, artifactBytes: foretold.artifactBytes });
    expect(foretold).toMatchObject({ tasks: 1, taskIds: [gone.id], runs: 2, events: report.events });
    expect(report.events).toBeGreaterThan(8);
    expect(report.bytes).toBeGreaterThan(500);
    await expectGone(plane, gone);
    expect(await everything(places.dataDir)).not.toContain('swordfish');
    expect((await readdir(join(places.dataDir, 'runs'))).length).toBe(runs.length - 2);
    expect((await plane.collectGarbage()).removed).toBeGreaterThan(0);
    expect(await kept.status()).toMatchObject({ status: 'succeeded' });
    const texts: string[] = [];
    for await (const artifact of kept.artifacts()) texts.push(await textOf(artifact.body()));
    expect(texts).toContain('the answer to keep me');
    expect((await run(plane, places, 'swordfish again', { key: 'gone' })).id, 'its key is free').not.toBe(gone.id);
    expect((await plane.submit({ prompt: 'keep me', workspace: places.workspace, key: 'kept' })).id).toBe(kept.id);
    const pruned = [];
    for await (const event of plane.events({ follow: false })) if (event.type === 'log.pruned') pruned.push(event);
    expect(pruned).toMatchObject([{ tasks: [gone.id], by: 'me', why: 'it told a secret' }]);
    expect((await verifyLog({ dir: join(places.dataDir, 'log') })).problems).toEqual([]);
  });

  it('but not before it has ended, nor while another goes on with it', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [adapter] });
    const first = await run(plane, places, 'first');
    const hanging = await plane.submit({ prompt: 'hang', workspace: places.workspace, continueOf: first.id });
    await expect(hanging.remove()).rejects.toMatchObject({ code: 'CONFLICT', hint: expect.stringContaining('cancel') });
    await expect(first.remove()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await plane.prune({ keep: 0 })).toMatchObject({ tasks: 0 });
    await hanging.cancel();
    await hanging.outcome();
    expect(await plane.prune({ keep: 0 })).toMatchObject({ tasks: 2 });
    await expect(plane.task('task-none').remove()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(first.remove({ by: 'plane' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(plane.prune({})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('keep'),
    });
    await expect(plane.prune({ keep: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('by two at once, of whom the second finds it gone', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [adapter] });
    const task = await run(plane, places, 'x');
    const results = await Promise.allSettled([task.remove(), task.remove()]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });
});

it('a removed task stays removed for later owners and for readers of the files, whatever became of the snapshots', async () => {
  await using places = await makePlaces();
  const plane = await openPlane(places, { adapters: [adapter] });
  const [a, b, c] = [await run(plane, places, 'a'), await run(plane, places, 'b'), await run(plane, places, 'c')];
  await b.remove();
  await plane.close();
  for (const snapshots of ['with', 'without']) {
    if (snapshots === 'without') {
      const dir = join(places.dataDir, 'log', 'snapshots');
      for (const name of await readdir(dir)) await writeFile(join(dir, name), 'damaged');
    }
    await using reader = await openReadOnlyPlane({ dataDir: places.dataDir });
    expect(await idsOf(reader)).toEqual([c.id, a.id]);
    await expect(reader.task(b.id).status()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(reader.task(a.id).remove()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await using next = await openPlane(places, { adapters: [adapter] });
    expect(await idsOf(next)).toEqual([c.id, a.id]);
    await expectGone(next, b);
  }
});

it('a reader of events that is under way goes on with those of the other tasks', async () => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, { adapters: [adapter], listen: true });
  await using client = await socketClient(places);
  const tasks: TaskHandle[] = [];
  for (let n = 0; n < 6; n += 1) tasks.push(await run(plane, places, `task ${n}`));
  const seen: string[] = [];
  for await (const event of client.events({ follow: false })) {
    if (seen.length === 0) await plane.prune({ keep: 3 });
    seen.push(event.type === 'task.ended' ? event.stream : '');
  }
  for (const { id } of tasks.slice(3)) expect(seen).toContain(`task/${id}`);
});

it.each([true, false])('a reader of the events of a task hears that it was removed (follow: %j)', async (follow) => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, { adapters: [adapter] });
  const task = await plane.submit({ prompt: 'hang', workspace: places.workspace });
  await seen(plane, task.id, 'text.delta');
  const reader = task.events({ follow })[Symbol.asyncIterator]();
  expect((await reader.next()).value).toMatchObject({ type: 'task.submitted' });
  await task.cancel();
  await task.outcome();
  await task.remove();
  const rest = async (): Promise<void> => {
    while (!(await reader.next()).done);
  };
  await expect(rest()).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(task.id) });
});

describe('tasks are pruned', () => {
  it('by their age, their number and their size, those that ended first first', async () => {
    await using places = await makePlaces();
    let now = Date.now();
    const clocks = { wall: () => now, monotonic: () => performance.now() };
    await using plane = await openPlane(places, { adapters: [adapter], clocks });
    const tasks: string[] = [];
    for (let n = 0; n < 8; n += 1) {
      tasks.push((await run(plane, places, `task ${n} ${'x'.repeat(200_000)}`)).id);
      now += 3_600_000;
    }
    expect(await plane.prune({ olderThanMs: 6.5 * 3_600_000 }, { dryRun: true })).toMatchObject({
      taskIds: tasks.slice(0, 2),
    });
    expect(await plane.prune({ olderThanMs: 6.5 * 3_600_000 })).toMatchObject({ taskIds: tasks.slice(0, 2) });
    expect(await plane.prune({ olderThanMs: 6.5 * 3_600_000, keep: 5 })).toMatchObject({ taskIds: tasks.slice(2, 3) });
    const { taskIds, bytes } = await plane.prune({ maxBytes: 1 }, { dryRun: true });
    expect(taskIds).toEqual(tasks.slice(3));
    expect(bytes).toBeGreaterThan(1_000_000);
    const size = await usedBy(places.dataDir);
    const some = await plane.prune({ maxBytes: size - 1_000_000 });
    expect(some.tasks).toBeGreaterThan(0);
    expect(some.tasks).toBeLessThan(5);
    await plane.collectGarbage();
    expect(await usedBy(places.dataDir)).toBeLessThan(size - 500_000);
    expect(await plane.prune({ keep: 100, olderThanMs: 1e9, maxBytes: 1e12 })).toMatchObject({ tasks: 0, bytes: 0 });
    expect(await plane.prune({ keep: 0 })).toMatchObject({ tasks: 5 - some.tasks });
    expect(await plane.tasks()).toEqual([]);
  });

  it('by themselves, with their artifacts, as the host says', async () => {
    await using places = await makePlaces();
    const tuning = { deltaWindowMs: 5, stopGraceMs: 300, sweepEveryMs: 30 };
    let keep = 2;
    const retention = () => (keep < 0 ? Promise.reject(new Error('unreadable')) : Promise.resolve({ keep }));
    await using plane = await openPlane(places, { adapters: [adapter], tuning, retention });
    for (let n = 0; n < 5; n += 1) await run(plane, places, `task ${n} ${'x'.repeat(70_000)}`);
    await expect.poll(() => idsOf(plane)).toHaveLength(2);
    // A dry run removes nothing: it is the sweep that does, after the tasks are gone.
    await expect.poll(async () => (await plane.collectGarbage({ dryRun: true })).removed).toBe(0);
    keep = -1;
    const unread = await run(plane, places, 'more');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await idsOf(plane), 'nothing goes by a setting that nobody can read').toContain(unread.id);
    keep = 0;
    await expect.poll(() => idsOf(plane)).toEqual([]);
    await plane.close();
    await using keeping = await openPlane(places, { adapters: [adapter], tuning, retention: false });
    await run(keeping, places, 'kept');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await idsOf(keeping)).toHaveLength(1);
  });
});

it('a clock that has just jumped by days is not believed at once: nothing goes before the next look', async () => {
  await using places = await makePlaces();
  const day = 86_400_000;
  let ahead = 0;
  const clocks = { wall: () => Date.now() + ahead, monotonic: () => performance.now() };
  const there: number[] = [];
  const retention = async () => {
    if ((await plane.tasks({ status: ['succeeded'] })).length > 0) ahead = 4000 * day;
    if (ahead > 0) there.push((await plane.tasks()).length);
    return { olderThanMs: 90 * day };
  };
  const tuning = { deltaWindowMs: 5, stopGraceMs: 300, sweepEveryMs: 100 };
  await using plane = await openPlane(places, { adapters: [adapter], clocks, tuning, retention });
  await run(plane, places, 'x');
  await expect.poll(() => there.length, { timeout: 20_000 }).toBeGreaterThan(2);
  expect(there.slice(0, 3)).toEqual([1, 1, 0]);
});

async function usedBy(dir: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(dir, { recursive: true })) bytes += (await stat(join(dir, name))).blocks * 512;
  return bytes;
}

const deaths = ['remove.before', 'remove.recorded', 'remove.runs', 'remove.log'];

it.each(deaths)(
  'an owner that dies at %s is followed by one that removes the rest, and nothing else',
  async (death) => {
    await using places = await makePlaces();
    let dies = false;
    const failpoint = (name: string): void => {
      if (dies && name === death) throw new Error(`killed at ${name}`);
    };
    const plane = await openPlane(places, { adapters: [adapter], failpoint });
    const kept = await run(plane, places, 'keep me');
    const gone = await run(plane, places, 'swordfish', { check: { command: ['true'], maxRounds: 1 } });
    await mkdir(join(places.dataDir, 'runs', 'run-strange'));
    dies = true;
    await expect(gone.remove()).rejects.toThrow();
    await plane.close();
    await using next = await openPlane(places, { adapters: [adapter] });
    if (death === 'remove.before') {
      expect(await idsOf(next)).toEqual([gone.id, kept.id]);
      return;
    }
    await expectGone(next, gone);
    await expect.poll(() => everything(places.dataDir)).not.toContain('swordfish');
    await expect.poll(() => readdir(join(places.dataDir, 'runs'))).toHaveLength(2);
    expect(await kept.status().catch(() => next.task(kept.id).status())).toMatchObject({ status: 'succeeded' });
  },
);
