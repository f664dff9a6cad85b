import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { TaskView } from '@runtime/contracts';
import type { EventLog, NewEvent, Snapshot } from '@runtime/contracts/log';
import { memoryEventLog } from '@runtime/event-log';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EndedTasks, pageSize } from '../../src/history/ended-tasks.ts';
import { listNewestFirst, newestFirst } from '../../src/history/newest-first.ts';
import { PageLost } from '../../src/history/page-files.ts';
import { isWanted, type Wanted } from '../../src/history/summary.ts';
import { snapshotName, snapshotVersion, TaskRegistry } from '../../src/plane/task-registry.ts';
import { makePlaces, openPlane } from '../support/planes.ts';
import { submitted } from '../support/states.ts';

const pageTasks = pageSize.tasks;
const ended: NewEvent = { type: 'task.ended', outcome: { status: 'succeeded' } };
const rest = { limit: 1_000_000 };

/** Adds tasks to a log, each with its end. */
async function addTasks(log: EventLog, count: number): Promise<void> {
  const before = [...log.streams('task/')].length;
  for (let n = before; n < before + count; n += 1) {
    await log.append(`task/task-${n}`, [{ ...submitted(), key: `key-${n}` }, ended], { ack: 'written', time: n });
  }
}

const load = (log: EventLog, size = pageSize): Promise<TaskRegistry> =>
  TaskRegistry.load(
    log,
    () => undefined,
    () => undefined,
    new EndedTasks(log, snapshotVersion, size),
  );

const list = ({ ended }: TaskRegistry, wanted: Wanted = {}, slice = rest): Promise<readonly TaskView[]> =>
  listNewestFirst(() => [], ended, wanted, slice);

const ids = (views: readonly TaskView[]): string[] => views.map(({ id }) => id);
/** Those of `addTasks`, as they are listed. */
const newest = (count: number): string[] => Array.from({ length: count }, (_, n) => `task-${count - 1 - n}`);

async function taskOfKey(registry: TaskRegistry, key: string): Promise<string | undefined> {
  await registry.loadKeys();
  return registry.taskOfKey(key);
}

/** A log in memory that tells which snapshots are written and read, and how many events. */
function watched() {
  const saved: string[] = [];
  const counts = { events: 0, snapshots: [] as string[] };
  const log = memoryEventLog();
  const write = log.writeSnapshot.bind(log);
  const read = log.read.bind(log);
  const readSnapshot = log.readSnapshot.bind(log);
  const watching = Object.assign(log, {
    writeSnapshot: (name: string, snapshot: Snapshot) => {
      saved.push(name);
      return write(name, snapshot);
    },
    readSnapshot: (name: string, version: string) => {
      counts.snapshots.push(name);
      return readSnapshot(name, version);
    },
    async *read(options: Parameters<EventLog['read']>[0]) {
      for await (const events of read(options)) {
        counts.events += events.length;
        yield events;
      }
    },
  });
  return { log: watching, saved, counts };
}

/** The same log, with these methods in place of its own. */
function instead(log: EventLog, methods: Partial<EventLog>): EventLog {
  return new Proxy(log, {
    get(target, name: keyof EventLog) {
      const value: unknown = methods[name] ?? target[name];
      return typeof value === 'function' ? value.bind(methods[name] ? methods : target) : value;
    },
  });
}

/** The owner dies before it writes the snapshot of the plane. */
const dyingWrite =
  (log: EventLog): EventLog['writeSnapshot'] =>
  async (name, snapshot) => {
    if (name === snapshotName) throw new Error('killed');
    await log.writeSnapshot(name, snapshot);
  };

/** As if snapshots had been lost: those of another version are not read. */
async function lose(log: EventLog, names: readonly string[]): Promise<void> {
  for (const name of names) await log.writeSnapshot(name, { version: 'another', position: 0, state: null });
}

const save = (registry: TaskRegistry, log: EventLog): Promise<void> => registry.save(log.head, {});
const page = (number: number): string => `tasks-ended-00000${number}`;
const row = (number: number): string => `tasks-index-00000${number}`;

/** A log with this many ended tasks in pages. */
async function saved(count: number) {
  const watching = watched();
  await addTasks(watching.log, count);
  await save(await load(watching.log), watching.log);
  watching.saved.length = 0;
  watching.counts.events = 0;
  watching.counts.snapshots = [];
  return watching;
}

describe('ended tasks', () => {
  it('are written once: a save costs what is new', async () => {
    const { log, saved } = watched();
    await addTasks(log, 2 * pageTasks + 10);
    const registry = await load(log);
    await save(registry, log);
    expect(saved.splice(0)).toEqual([page(0), row(0), page(1), row(0), page(2), snapshotName]);
    await addTasks(log, 1);
    const next = await load(log);
    await save(next, log);
    expect(saved.splice(0), 'by the next owner').toEqual([page(2), snapshotName]);
    await addTasks(log, pageTasks - 11);
    const last = await load(log);
    await save(last, log);
    expect(saved.splice(0)).toEqual([page(2), row(0), snapshotName]);
    await save(last, log);
    expect(saved.splice(0), 'all is saved').toEqual([snapshotName]);
  });

  it('are taken from their pages, of which an opening reads the last', async () => {
    const { log, counts } = await saved(2 * pageTasks + 3);
    await addTasks(log, 2);
    const registry = await load(log);
    expect(counts).toEqual({ events: 4, snapshots: [snapshotName, page(2)] });
    expect(registry.ended.all().recent).toHaveLength(5);
    expect(ids(await list(registry))).toEqual(newest(2 * pageTasks + 5));
  });

  it('leave memory once their page is full', async () => {
    const { log } = watched();
    await addTasks(log, pageTasks + 3);
    const registry = await load(log);
    expect(registry.ended.all().recent).toHaveLength(pageTasks + 3);
    await save(registry, log);
    expect(ids(registry.ended.all().recent)).toEqual(
      newest(pageTasks + 3)
        .slice(0, 3)
        .toReversed(),
    );
    expect(ids(await list(registry))).toEqual(newest(pageTasks + 3));
  });

  it('are listed by reading the newest page that is needed, once', async () => {
    const { log, counts } = await saved(4 * pageTasks);
    const registry = await load(log);
    counts.snapshots = [];
    expect(await list(registry, {}, { limit: 50 })).toHaveLength(50);
    expect(await list(registry, {}, { limit: 50 })).toHaveLength(50);
    expect(counts.snapshots).toEqual([page(3)]);
  });

  it('are looked for in the pages that may hold them', async () => {
    const { log, counts } = await saved(4 * pageTasks);
    const registry = await load(log);
    counts.snapshots = [];
    const id = `task-${pageTasks + 77}`;
    expect(ids(await list(registry, { idPart: id.slice(3) }))).toEqual([id]);
    expect(counts.snapshots).toEqual([row(0), page(1)]);
    counts.snapshots = [];
    expect(await list(registry, { workspace: '/elsewhere' })).toEqual([]);
    expect(await list(registry, { status: ['failed'] })).toEqual([]);
    expect(await list(registry, { labels: { team: 'x' } })).toEqual([]);
    expect(counts.snapshots).toEqual([]);
  });

  it('are found by their keys', async () => {
    const { log, counts } = await saved(11 * pageTasks + 1);
    const registry = await load(log);
    counts.snapshots = [];
    expect(await taskOfKey(registry, 'key-7')).toBe('task-7');
    expect(await taskOfKey(registry, `key-${11 * pageTasks}`)).toBe(`task-${11 * pageTasks}`);
    expect(await taskOfKey(registry, 'no-key')).toBeUndefined();
    expect(counts.snapshots, 'read once').toEqual([row(0), row(1)]);
  });

  it('are found by their keys where their page is filled while the keys are read', async () => {
    const { log } = await saved(pageTasks + 3);
    const registry = await load(log);
    await addTasks(log, pageTasks - 3);
    for await (const events of log.read())
      for (const event of events) if (event.position > 2 * (pageTasks + 3)) registry.apply(event);
    const read = log.readSnapshot.bind(log);
    log.readSnapshot = async (name, version) => {
      const snapshot = await read(name, version);
      log.readSnapshot = read;
      await save(registry, log);
      return snapshot;
    };
    expect(await taskOfKey(registry, `key-${pageTasks + 1}`)).toBe(`task-${pageTasks + 1}`);
  });

  it.each([
    ['a page is lost', [page(0)]],
    ['the last page is lost', [page(2)]],
    ['an index is lost', [row(0)]],
    ['all pages are lost', [page(0), page(1), page(2)]],
    ['all is lost', [page(0), page(1), page(2), row(0), snapshotName]],
  ])('are folded from the log where %s', async (_, names) => {
    const { log, counts } = await saved(2 * pageTasks + 3);
    await lose(log, names);
    const registry = await load(log);
    expect(ids(await list(registry))).toEqual(newest(2 * pageTasks + 3));
    expect(ids(await list(registry, { idPart: 'task-77' }))).toContain('task-77');
    expect(await taskOfKey(await load(log), 'key-7')).toBe('task-7');
    // Whoever opens after a save has pages again.
    await save(registry, log);
    counts.events = 0;
    expect(ids(await list(await load(log)))).toEqual(newest(2 * pageTasks + 3));
    expect(counts.events).toBe(0);
  });

  it('are saved anew where the index is lost that has to be added to', async () => {
    const { log } = await saved(pageTasks + 3);
    await addTasks(log, pageTasks);
    await lose(log, [row(0)]);
    const next = await load(log);
    await expect(save(next, log)).rejects.toThrow();
    await save(next, log);
    expect(ids(await list(next))).toEqual(newest(2 * pageTasks + 3));
    expect(ids(await list(await load(log)))).toEqual(newest(2 * pageTasks + 3));
  });

  it('are those of the last whole snapshot where an owner died while it saved', async () => {
    const { log } = await saved(pageTasks + 3);
    await addTasks(log, pageTasks);
    const dying = instead(log, { writeSnapshot: dyingWrite(log) });
    await expect(save(await load(dying), dying)).rejects.toThrow('killed');
    const next = await load(log);
    expect(ids(await list(next))).toEqual(newest(2 * pageTasks + 3));
    await save(next, log);
    expect(ids(await list(await load(log)))).toEqual(newest(2 * pageTasks + 3));
  });

  it('are folded from the log where the pages are those of an owner that folded it anew', async () => {
    const { log } = await saved(pageTasks + 3);
    const blind = instead(log, {
      readSnapshot: async () => undefined,
      writeSnapshot: async (name: string, snapshot: Snapshot) => {
        if (name !== snapshotName) await log.writeSnapshot(name, snapshot);
      },
    });
    await save(await load(blind), blind);
    expect(ids(await list(await load(log)))).toEqual(newest(pageTasks + 3));
  });

  it('are there once where they end while a snapshot is written', async () => {
    const { log } = watched();
    await addTasks(log, 3);
    await log.append('task/late', [submitted()]);
    const registry = await load(log);
    const end = async (): Promise<void> => {
      if (!registry.unfinished.has('late')) return;
      await log.append('task/late', [ended]);
      for await (const events of log.read({ stream: 'task/late' })) for (const event of events) registry.apply(event);
    };
    const write = log.writeSnapshot.bind(log);
    log.writeSnapshot = async (name, snapshot) => {
      await end();
      await write(name, snapshot);
    };
    await save(registry, log);
    const next = await load(log);
    expect(next.unfinished.size).toBe(0);
    expect(ids(await list(next)).toSorted()).toEqual(['late', 'task-0', 'task-1', 'task-2']);
    await save(next, log);
    expect(ids(await list(await load(log))).toSorted()).toEqual(['late', 'task-0', 'task-1', 'task-2']);
  });

  it('are there once where a snapshot says less than was known', async () => {
    const { log } = watched();
    await addTasks(log, 7);
    const size = { tasks: 2, chars: Infinity };
    const registry = await load(log, size);
    // Another append was under way since the position after the third task.
    await registry.save(6, {});
    const next = await load(log, size);
    expect(ids(await list(next))).toEqual(newest(7));
    await save(next, log);
    expect(ids(await list(await load(log, size)))).toEqual(newest(7));
  });

  it('are many in few pages, and few in a page where they are large', async () => {
    const { log, saved } = watched();
    const labels = Object.fromEntries(Array.from({ length: 800 }, (_, n) => [`label-${n}`, 'x'.repeat(500)]));
    for (let n = 0; n < 7; n += 1) await log.append(`task/task-${n}`, [submitted({ labels }), ended], { time: n });
    const registry = await load(log);
    await save(registry, log);
    expect(saved).toEqual([page(0), row(0), page(1), row(0), page(2), snapshotName]);
    expect(ids(await list(await load(log)))).toEqual(newest(7));
  });

  it('of one moment are in the order of their ids, in whichever page they are', async () => {
    const log = memoryEventLog();
    const size = { tasks: 2, chars: Infinity };
    for (const name of 'edcba') await log.append(`task/${name}`, [submitted(), ended], { time: 7 });
    await save(await load(log, size), log);
    const registry = await load(log, size);
    for (const limit of [1, 2, 3, 4, 5])
      expect(ids(await list(registry, {}, { limit }))).toEqual(['e', 'd', 'c', 'b', 'a'].slice(0, limit));
  });

  it('are listed as if all were in memory, whatever was submitted, ended, removed and saved when, and whoever died while it saved', async () => {
    const word = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('submit' as const), at: fc.nat(3), label: word, dir: word }),
      },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(50), failed: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('save' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('open' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('remove' as const),
          from: fc.nat(50),
          count: fc.integer({ min: 1, max: 7 }),
          fromDisk: fc.boolean(),
        }),
      },
    );
    const question = fc.record({
      status: fc.option(fc.constantFrom(['succeeded'] as const, ['failed', 'queued'] as const), { nil: undefined }),
      workspace: fc.option(word, { nil: undefined }),
      labels: fc.option(fc.record({ team: word }), { nil: undefined }),
      idPart: fc.option(fc.constantFrom('1', '7', 'task-1'), { nil: undefined }),
      limit: fc.constantFrom(1, 2, 3, 5, 30),
      after: fc.option(fc.nat(60), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 120 }),
        fc.array(question, { minLength: 1, maxLength: 6 }),
        async (steps, questions) => {
          const log = memoryEventLog();
          const open = (): Promise<TaskRegistry> => load(log, { tasks: 3, chars: Infinity });
          let registry = await open();
          const all = new Map<string, TaskView>();
          const apply = async (stream: string, event: NewEvent, time: number): Promise<void> => {
            const { first } = await log.append(stream, [event], { time });
            for await (const events of log.read({ stream, after: log.cursor(first - 1) })) {
              for (const each of events) registry.apply(each);
            }
          };
          const unfinished: string[] = [];
          const over: string[] = [];
          let count = 0;
          for (const each of steps) {
            if (each.do === 'submit') {
              count += 1;
              const id = `task-${count}`;
              const labels = { team: each.label };
              await apply(`task/${id}`, submitted({ labels, workspace: `/${each.dir}` }), each.at);
              unfinished.push(id);
            } else if (each.do === 'end' && unfinished.length > 0) {
              const [id] = unfinished.splice(each.which % unfinished.length, 1);
              const status = each.failed ? 'cancelled' : 'succeeded';
              await apply(`task/${id}`, { type: 'task.ended', outcome: { status } }, 100);
              over.push(id ?? '');
            } else if (each.do === 'remove' && over.length > 0) {
              const tasks = over.splice(each.from % over.length, each.count);
              await apply('plane', { type: 'log.pruned', tasks, runs: [], by: 'api' }, 100);
              if (each.fromDisk) await log.removeStreams(tasks.map((id) => `task/${id}`));
            } else if (each.do === 'save') {
              // The first save after a death may find pages that hold fewer than was said; the plane tries again.
              await registry.save(log.head, {}).catch(() => undefined);
            } else if (each.do === 'open') registry = await open();
            else if (each.do === 'die') {
              const mortal = await load(instead(log, { writeSnapshot: dyingWrite(log) }), {
                tasks: 3,
                chars: Infinity,
              });
              await mortal.save(log.head, {}).catch(() => undefined);
              registry = await open();
            }
          }
          const whole = await load(instead(log, { readSnapshot: async () => undefined }));
          for (const view of whole.ended.all().recent) all.set(view.id, view);
          expect([...all.keys()].toSorted()).toEqual(over.toSorted());
          const sorted = [...all.values()].sort(newestFirst);
          for (const { limit, after, workspace, ...wanted } of questions) {
            const asked = { ...wanted, ...(workspace === undefined ? {} : { workspace: `/${workspace}` }) };
            const place = after === undefined ? undefined : sorted[after];
            const expected = sorted
              .filter((view) => (!place || newestFirst(place, view) < 0) && isWanted(view, asked))
              .slice(0, limit);
            expect(ids(await list(registry, asked, { limit, ...(place ? { after: place } : {}) }))).toEqual(
              ids(expected),
            );
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are taken out of their pages by the save after their removal, with their keys', async () => {
    const { log, saved: written, counts } = await saved(4 * pageTasks + 3);
    const registry = await load(log);
    expect(await taskOfKey(registry, 'key-3')).toBe('task-3');
    const tasks = ['task-3', `task-${pageTasks}`, `task-${pageTasks + 1}`, `task-${4 * pageTasks + 1}`];
    await log.append('plane', [{ type: 'log.pruned', tasks, runs: [], by: 'api' }]);
    registry.remove({ tasks, runs: [], worktrees: [] });
    const left = newest(4 * pageTasks + 3).filter((id) => !tasks.includes(id));
    expect(ids(await list(registry))).toEqual(left);
    expect(await taskOfKey(registry, 'key-3')).toBeUndefined();
    await save(registry, log);
    expect(written, 'those that hold them').toEqual([page(0), row(0), page(1), row(0), page(4), snapshotName]);
    expect(ids(await list(registry))).toEqual(left);
    await log.removeStreams(tasks.map((id) => `task/${id}`));
    counts.events = 0;
    const next = await load(log);
    expect(ids(await list(next))).toEqual(left);
    expect(await taskOfKey(next, 'key-3')).toBeUndefined();
    expect(await taskOfKey(next, 'key-4')).toBe('task-4');
    expect(counts.events).toBe(0);
  });

  it('of a page that is empty are not asked for any more', async () => {
    const { log, counts } = await saved(3 * pageTasks);
    const registry = await load(log);
    const tasks = newest(3 * pageTasks).slice(2 * pageTasks);
    registry.remove({ tasks, runs: [], worktrees: [] });
    await save(registry, log);
    const next = await load(log);
    counts.snapshots = [];
    expect(ids(await list(next))).toEqual(newest(3 * pageTasks).slice(0, 2 * pageTasks));
    expect(counts.snapshots).not.toContain(page(0));
  });

  it('are listed while they are taken out of their pages', async () => {
    const { log } = await saved(3 * pageTasks);
    const registry = await load(log);
    const tasks = newest(3 * pageTasks).filter((_, at) => at % 2 === 0);
    const left = newest(3 * pageTasks).filter((_, at) => at % 2 === 1);
    registry.remove({ tasks, runs: [], worktrees: [] });
    const looks: Promise<readonly TaskView[]>[] = [];
    const write = log.writeSnapshot.bind(log);
    log.writeSnapshot = async (name, snapshot) => {
      looks.push(list(registry));
      await write(name, snapshot);
      looks.push(list(registry));
    };
    await save(registry, log);
    for (const views of await Promise.all(looks)) expect(ids(views)).toEqual(left);
    expect(looks.length).toBeGreaterThan(8);
  });

  it('are read in no page of a series that another has replaced', async () => {
    const { log } = await saved(2 * pageTasks);
    const registry = await load(log);
    const { pages } = registry.ended.all();
    expect(await registry.ended.read(pages[1]!)).toHaveLength(pageTasks);
    await lose(log, [page(0)]);
    expect(ids(await list(registry))).toEqual(newest(2 * pageTasks));
    registry.remove({ tasks: [`task-${pageTasks}`], runs: [], worktrees: [] });
    await save(registry, log);
    await expect(registry.ended.read(pages[1]!), 'it holds a removed one').rejects.toThrow(PageLost);
  });

  it('are not saved at a close that brought nothing', async () => {
    await using places = await makePlaces();
    const plane = await openPlane(places, { adapters: [memoryRuntime()] });
    await (await plane.submit({ prompt: 'go', workspace: places.workspace })).outcome();
    await plane.close();
    const names = await readdir(join(places.dataDir, 'log'));
    expect(names).not.toContain('snapshots');
    await using next = await openPlane(places, { adapters: [memoryRuntime()] });
    expect(await next.tasks()).toHaveLength(1);
  });
});
