import { collect, FaultFs, opening } from '@runtime/conformance/event-log';
import * as fc from 'fast-check';
import { expect, inject, test } from 'vitest';
import { verifyLog, type JsonlEventLog } from '../../src/index.ts';
import type { LogFs } from '../../src/testing.ts';
import { dir, openOn } from '../support/fault-log.ts';
import { pausedFs } from '../support/paused-fs.ts';

/** Thousands of takeovers: on a busy machine they take longer than other tests may. */
const exhaustive = { timeout: 120_000 * inject('slowness') };

/** Appends on this file system until the log refuses, closes it, and notes the ids that were acknowledged. */
async function life(fs: LogFs, name: string, count: number, kept: string[]): Promise<void> {
  let log: JsonlEventLog | undefined;
  try {
    log = await openOn(fs);
    for (let n = 0; n < count; n += 1) {
      const ids = [`${name}-${n}-a`, `${name}-${n}-b`];
      const ack = n % 3 === 1 ? 'written' : 'durable';
      const opened = log;
      await Promise.all(ids.map((id) => opened.append('ids', [{ type: 'x', id }], { ack }).then(() => kept.push(id))));
    }
  } catch {
    // Refused, or not opened: nothing more is acknowledged.
  } finally {
    await log?.close();
  }
}

async function checkAll(disk: FaultFs, kept: readonly string[], where: string): Promise<void> {
  const report = await verifyLog({ dir, fs: disk });
  expect(report.problems, where).toEqual([]);
  const log = await openOn(disk);
  const ids = (await collect(log)).map((event) => String(event['id']));
  await log.close();
  const there = new Set(ids);
  expect(there.size, where).toBe(ids.length);
  expect(
    kept.filter((id) => !there.has(id)),
    where,
  ).toEqual([]);
  expect((await verifyLog({ dir, fs: disk })).problems, where).toEqual([]);
}

/** Whether a log was there before: one whose closed segment is short, and continued, or long, and left. */
type Begun = 'new' | 'short' | 'long';

async function begin(disk: FaultFs, begun: Begun, kept: string[]): Promise<void> {
  if (begun === 'new') return;
  await life(disk, 'zero', begun === 'short' ? 1 : 3, kept);
  expect(disk.image().has(`${dir}/00000001.checkpoint`)).toBe(begun === 'long');
}

/** A log whose first writer is stopped at its operation `at`, or has come to its end when it has no such operation. */
async function stopFirst(at: number, after: boolean, begun: Begun) {
  const disk = new FaultFs();
  const kept: string[] = [];
  await begin(disk, begun, kept);
  const paused = pausedFs(disk, at, after);
  const first = life(paused.fs, 'first', 5, kept);
  await Promise.race([paused.reached, first]);
  // In an object: the writer's end is not to be awaited here.
  return { disk, kept, paused, first };
}

/**
 * One writer is stopped at its operation `at`; another opens the log without a lock in its way, appends, and perhaps
 * closes; then the first goes on. Returns false when the first has no such operation.
 */
async function takeOver(at: number, after: boolean, closes: boolean, begun: Begun): Promise<boolean> {
  const where = `${after ? 'after' : 'before'} operation ${at}, ${closes ? 'closed' : 'open'}`;
  const { disk, kept, paused, first } = await stopFirst(at, after, begun);
  if (paused.count() <= at) return false;
  if (closes) {
    await life(disk, 'second', 4, kept);
    paused.goOn();
    await first;
  } else {
    const second = await openOn(disk);
    const append = (id: string) => second.append('ids', [{ type: 'x', id }]).then(() => kept.push(id));
    await append('second');
    paused.goOn();
    await first;
    // The first may have come to its claim only now: then it is the later one.
    await append('later').catch(() => undefined);
    await second.close();
  }
  await checkAll(disk, kept, where);
  return true;
}

for (const begun of ['new', 'short', 'long'] as const) {
  for (const closes of [false, true]) {
    const state = `a ${begun} log, whose next writer ${closes ? 'closes before' : 'is there when'}`;
    test(
      `a writer stopped at any operation loses nothing to the next one: ${state} it goes on`,
      exhaustive,
      async () => {
        let at = 0;
        while ((await takeOver(at, false, closes, begun)) && (await takeOver(at, true, closes, begun))) at += 1;
        expect(at).toBeGreaterThan(40);
      },
    );
  }
}

test(
  'of three writers, two of them stopped anywhere and going on in any order, none loses what it acknowledged',
  exhaustive,
  async () => {
    const stop = fc.record({ at: fc.nat({ max: 50 }), after: fc.boolean() });
    const when = fc.constantFrom('in order', 'reversed', 'the first before the third opens');
    const takeovers = fc.asyncProperty(stop, stop, when, async (one, two, when) => {
      const disk = new FaultFs();
      const kept: string[] = [];
      const stopped = [one, two].map(({ at, after }) => pausedFs(disk, at, after));
      const lives: Promise<void>[] = [];
      for (const [index, paused] of stopped.entries()) {
        const writer = life(paused.fs, `stopped${index}`, 5, kept);
        lives.push(writer);
        await Promise.race([paused.reached, writer]);
      }
      if (when === 'the first before the third opens') {
        stopped[0]?.goOn();
        await lives[0];
      }
      await life(disk, 'third', 4, kept);
      for (const index of when === 'reversed' ? [1, 0] : [0, 1]) {
        stopped[index]?.goOn();
        await lives[index];
      }
      await checkAll(disk, kept, JSON.stringify({ one, two, when }));
    });
    await fc.assert(takeovers, { numRuns: 400 });
  },
);

/** The file system as a process sees it that is stopped right before it cuts a segment for the first time. */
function stoppedBeforeCut(disk: FaultFs): { fs: LogFs; reached: Promise<void>; goOn: () => void } {
  const reached = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  const open: LogFs['open'] = async (path, mode) => {
    const file = await disk.open(path, mode);
    const truncate = async (length: number): Promise<void> => {
      if (path.endsWith('.jsonl')) {
        reached.resolve();
        await going.promise;
      }
      await file.truncate(length);
    };
    return { ...file, truncate };
  };
  return { fs: opening(disk, open), reached: reached.promise, goOn: () => going.resolve() };
}

test.each(['new', 'short', 'long'] as const)(
  'an opening of a %s log that cuts a segment late takes nothing from a later one that has read more of it',
  exhaustive,
  async (begun) => {
    let [at, stopped] = [0, true];
    for (; stopped; at += 1) {
      for (const after of [false, true]) {
        const { disk, kept, paused, first } = await stopFirst(at, after, begun);
        stopped = paused.count() > at;
        const cutting = stoppedBeforeCut(disk);
        const second = life(cutting.fs, 'second', 2, kept);
        await Promise.race([cutting.reached, second]);
        // What it has begun to write reaches the segment now.
        paused.goOn();
        await first;
        await life(disk, 'third', 4, kept);
        cutting.goOn();
        await second;
        await checkAll(disk, kept, `${after ? 'after' : 'before'} operation ${at}`);
      }
    }
    expect(at).toBeGreaterThan(40);
  },
);
