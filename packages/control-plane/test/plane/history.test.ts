import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { EventLog, NewEvent, Snapshot } from '@runtime/contracts/log';
import { memoryEventLog } from '@runtime/event-log';
import { describe, expect, it } from 'vitest';
import { pageTasks } from '../../src/plane/ended-pages.ts';
import { snapshotName, TaskRegistry } from '../../src/plane/task-registry.ts';
import { makePlaces, openPlane } from '../support/planes.ts';
import { submitted } from '../support/states.ts';

const ended: NewEvent = { type: 'task.ended', outcome: { status: 'succeeded' } };

/** Adds tasks to a log, each with its end. */
async function addTasks(log: EventLog, count: number): Promise<void> {
  const before = [...log.streams('task/')].length;
  for (let n = before; n < before + count; n += 1) {
    await log.append(`task/task-${n}`, [{ ...submitted(), key: `key-${n}` }, ended], { ack: 'written' });
  }
}

const load = (log: EventLog): Promise<TaskRegistry> =>
  TaskRegistry.load(
    log,
    () => undefined,
    () => undefined,
  );

/** A log in memory that tells what is saved in it, by name, and how many events are read. */
function watched() {
  const saved: string[] = [];
  const counts = { read: 0 };
  const log = memoryEventLog();
  const write = log.writeSnapshot.bind(log);
  const read = log.read.bind(log);
  const watching = Object.assign(log, {
    writeSnapshot: (name: string, snapshot: Snapshot) => {
      saved.push(name);
      return write(name, snapshot);
    },
    async *read(options: Parameters<EventLog['read']>[0]) {
      for await (const events of read(options)) {
        counts.read += events.length;
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

const save = (registry: TaskRegistry, log: EventLog): Promise<void> => registry.save(log, log.head, {});
const page = (number: number): string => `tasks-ended-00000${number}`;

describe('the history of a plane', () => {
  it('is written once: a save costs what is new', async () => {
    const { log, saved } = watched();
    await addTasks(log, 2 * pageTasks + 10);
    const registry = await load(log);
    await save(registry, log);
    expect(saved.splice(0)).toEqual([page(0), page(1), page(2), snapshotName]);
    await addTasks(log, 1);
    const next = await load(log);
    await save(next, log);
    expect(saved.splice(0), 'by the next owner').toEqual([page(2), snapshotName]);
    await addTasks(log, pageTasks - 11);
    const last = await load(log);
    await save(last, log);
    expect(saved.splice(0)).toEqual([page(2), snapshotName]);
    await save(last, log);
    expect(saved.splice(0), 'a full page is done').toEqual([snapshotName]);
  });

  it('is the same from its pages as from the log, which is not read for it', async () => {
    const { log, counts } = watched();
    await addTasks(log, pageTasks + 3);
    const registry = await load(log);
    await save(registry, log);
    await addTasks(log, 2);
    counts.read = 0;
    const again = await load(log);
    expect(counts.read).toBe(4);
    const folded = await load(await copyOf(log));
    expect([...again.ended]).toEqual([...folded.ended]);
    expect([...again.keys]).toEqual([...folded.keys]);
  });

  it.each([
    ['a page is missing', (name: string) => name !== page(0)],
    ['the last page is missing', (name: string) => name !== page(1)],
    ['no page is there', (name: string) => name === snapshotName],
  ])('is folded from the log where %s', async (_, isThere) => {
    const { log } = watched();
    await addTasks(log, pageTasks + 3);
    const registry = await load(log);
    await save(registry, log);
    const partial = instead(log, {
      readSnapshot: async (name: string, version: string) =>
        isThere(name) ? log.readSnapshot(name, version) : undefined,
    });
    expect([...(await load(partial)).ended]).toEqual([...registry.ended]);
  });

  it('is that of its last whole snapshot where an owner died while it saved', async () => {
    const { log } = watched();
    await addTasks(log, pageTasks + 3);
    const registry = await load(log);
    await save(registry, log);
    await addTasks(log, pageTasks);
    const dying = instead(log, {
      writeSnapshot: async (name: string, snapshot: Snapshot) => {
        if (name === snapshotName) throw new Error('killed');
        await log.writeSnapshot(name, snapshot);
      },
    });
    await expect(save(await load(log), dying)).rejects.toThrow('killed');
    expect([...(await load(log)).ended.keys()]).toEqual(
      Array.from({ length: 2 * pageTasks + 3 }, (_, n) => `task-${n}`),
    );
  });

  it('is folded from the log where its pages are those of an owner that folded it anew', async () => {
    const { log } = watched();
    await addTasks(log, pageTasks + 3);
    const registry = await load(log);
    await save(registry, log);
    const blind = instead(log, {
      readSnapshot: async () => undefined,
      writeSnapshot: async (name: string, snapshot: Snapshot) => {
        if (name !== snapshotName) await log.writeSnapshot(name, snapshot);
      },
    });
    await save(await load(blind), blind);
    expect([...(await load(log)).ended]).toEqual([...registry.ended]);
  });

  it('is not saved at a close that brought nothing', async () => {
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

/** The events of a log in another one, without its snapshots. */
async function copyOf(log: EventLog): Promise<EventLog> {
  const copy = memoryEventLog();
  for await (const events of log.read()) {
    for (const { stream, position: _, revision: _revision, time, ...event } of events) {
      await copy.append(stream, [event], { ack: 'written', time });
    }
  }
  return copy;
}
