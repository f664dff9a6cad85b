import { collect, FaultFs } from '@runtime/conformance/event-log';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonlEventLog } from '../../src/index.ts';
import { openOn } from '../support/fault-log.ts';

const names = ['plane', 'task/a', 'task/ab', 'task/b', 'y'.repeat(200)];

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('append'),
      name: fc.constantFrom(...names),
      count: fc.integer({ min: 1, max: 4 }),
      wait: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('close', 'kill', 'full', 'room') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('no checkpoints', 'checkpoints') }) },
);

/** A log, and a map of what was acknowledged. */
class Subject {
  readonly acknowledged = new Map<string, number>();
  readonly #fs = new FaultFs();
  #log: JsonlEventLog | undefined;
  #underWay: Promise<unknown>[] = [];

  get reader(): Promise<JsonlEventLog> {
    return openOn(this.#fs, { readOnly: true });
  }

  async log(): Promise<JsonlEventLog> {
    return (this.#log ??= await openOn(this.#fs));
  }

  async append(name: string, count: number): Promise<void> {
    const log = await this.log();
    const events = Array.from({ length: count }, (_, n) => ({ type: 'x', n }));
    const appended = log.append(name, events).then(
      () => this.acknowledged.set(name, (this.acknowledged.get(name) ?? 0) + count),
      () => undefined,
    );
    this.#underWay.push(appended);
  }

  async settle(): Promise<void> {
    await Promise.all(this.#underWay.splice(0));
  }

  async close(): Promise<void> {
    await this.settle();
    await this.#log?.close();
    this.#log = undefined;
  }

  /** As a process that was killed between two appends: its files stay as they are. */
  async kill(): Promise<void> {
    await this.settle();
    this.#log = undefined;
  }

  async make(kind: 'full' | 'room' | 'no checkpoints' | 'checkpoints'): Promise<void> {
    // An opening needs room.
    await this.log();
    if (kind === 'full' || kind === 'room') this.#fs.capacity = kind === 'full' ? 0 : Infinity;
    else {
      const failing = kind === 'no checkpoints';
      this.#fs.inject = (operation) =>
        failing && operation.kind === 'create' && operation.path.endsWith('.checkpoint.tmp')
          ? { code: 'EIO' }
          : undefined;
    }
  }

  makeRoom(): void {
    this.#fs.capacity = Infinity;
  }
}

async function check(log: JsonlEventLog, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  expect([...log.streams()].toSorted()).toEqual([...acknowledged.keys()].toSorted());
  for (const name of [...names, 'task/', 'task/abc', 'y', 'y'.repeat(199)]) {
    const revision = acknowledged.get(name) ?? 0;
    expect(log.revision(name)).toBe(revision);
    const revisions = (await collect(log, { stream: name })).map((event) => event.revision);
    expect(revisions).toEqual(Array.from({ length: revision }, (_, n) => n + 1));
  }
}

test('whatever is appended, whenever a disk is full, a checkpoint fails or the log ends, it knows its streams and no others', async () => {
  const property = fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
    const subject = new Subject();
    for (const step of steps) {
      if (step.kind === 'append') {
        await subject.append(step.name, step.count);
        if (step.wait) await subject.settle();
      } else if (step.kind === 'close' || step.kind === 'kill') {
        await subject[step.kind]();
        subject.makeRoom();
        const reader = await subject.reader.catch(() => undefined);
        if (reader) await check(reader, subject.acknowledged);
        await reader?.close();
        await check(await subject.log(), subject.acknowledged);
      } else await subject.make(step.kind);
    }
    await subject.settle();
    await check(await subject.log(), subject.acknowledged);
    await subject.close();
  });
  await fc.assert(property, { numRuns: 100 });
});
