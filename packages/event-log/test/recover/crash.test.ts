import * as fc from 'fast-check';
import { expect, inject, test } from 'vitest';
import { crashImage, FaultFs, type CrashOptions, type DiskImage } from '@runtime/conformance/event-log';
import { verifyLog, type EventLogOptions } from '../../src/index.ts';
import { dir, openOn, recover } from '../support/fault-log.ts';
import { record, type RecordedRun, type Step } from '../support/workload.ts';

const step: fc.Arbitrary<Step> = fc.record({
  stream: fc.constantFrom('a', 'b', 'c'),
  count: fc.integer({ min: 1, max: 4 }),
  ack: fc.constantFrom('durable', 'written'),
  wait: fc.boolean(),
});

/** Every event that survived is as it was written, batches are whole, and no acknowledged event is missing. */
async function check(run: RecordedRun, crash: CrashOptions): Promise<void> {
  const { events, fs } = await recover(crashImage(run.operations, crash));
  expect(events).toEqual(run.events.slice(0, events.length));
  expect(run.ends).toContain(events.length);
  const promised = run.acknowledged.filter(({ at, ack }) => at <= crash.at && (ack === 'durable' || !crash.power));
  expect(events.length).toBeGreaterThanOrEqual(Math.max(0, ...promised.map(({ last }) => last)));
  // Not after every single byte: that would show the same a thousand times.
  if ((crash.bytes ?? 0) % 8 === 0) await checkRepaired(fs.image(), events.length);
}

/** A recovered log verifies and takes appends like any other. */
async function checkRepaired(image: DiskImage, count: number): Promise<void> {
  const fs = new FaultFs(image);
  const report = await verifyLog({ dir, fs });
  expect(report).toMatchObject({ head: count, events: count, problems: [], unfinished: undefined });
  const log = await openOn(fs);
  expect(log.problems).toEqual([]);
  expect(await log.append('later', [{ type: 'y' }])).toMatchObject({ first: count + 1 });
  await log.close();
}

/** Thousands of recoveries: on a busy machine they take longer than other tests may. */
const exhaustive = { timeout: 120_000 * inject('slowness') };

const steps: Step[] = [
  { stream: 'a', count: 1, ack: 'durable', wait: true },
  { stream: 'b', count: 3, ack: 'written', wait: true },
  { stream: 'a', count: 2, ack: 'durable', wait: false },
  { stream: 'c', count: 1, ack: 'written', wait: true },
  { stream: 'a', count: 4, ack: 'durable', wait: true },
  { stream: 'b', count: 1, ack: 'written', wait: true },
  { stream: 'b', count: 2, ack: 'durable', wait: true },
  { stream: 'a', count: 4, ack: 'durable', wait: true },
];

/** The log is closed halfway. Its segment is long by then and left, or is continued until it is full. */
const halfway: [what: string, options: Partial<EventLogOptions>, made: readonly string[]][] = [
  ['is left', { segmentBytes: 1500 }, ['1.jsonl', '1.checkpoint', '2.jsonl', '3.jsonl', '2.checkpoint']],
  ['is continued', { segmentBytes: 2400 }, ['1.jsonl', '2.jsonl', '1.checkpoint']],
];

/** The segments and checkpoints that were made, in order. */
function madeBy({ operations }: RecordedRun): string[] {
  const paths = operations.flatMap((operation) => (operation.kind === 'create' ? [operation.path] : []));
  return paths.flatMap((path) => /\d\.(?:jsonl|checkpoint)/.exec(path)?.[0] ?? []);
}

test.each(halfway)(
  'a writer killed after any operation, or after any byte of any write, keeps everything that it acknowledged: the segment halfway %s',
  exhaustive,
  async (_, options, made) => {
    const run = await record(steps, false, options);
    expect(madeBy(run)).toEqual(made);
    for (const [at, operation] of run.operations.entries()) {
      const length = operation.kind === 'write' ? operation.bytes.byteLength : 1;
      for (let bytes = 0; bytes < length; bytes += 1) await check(run, { at, bytes });
    }
    await check(run, { at: run.operations.length });
    expect(run.operations.filter(({ kind }) => kind === 'create').length).toBeGreaterThan(5);
  },
);

test('whatever was appended, and wherever the process is killed, everything acknowledged is kept', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 2, maxLength: 20 }),
      fc.nat(),
      fc.nat(),
      async (steps, where, bytes) => {
        const run = await record(steps);
        const at = where % (run.operations.length + 1);
        const operation = run.operations[at];
        await check(run, { at, bytes: operation?.kind === 'write' ? bytes % (operation.bytes.byteLength + 1) : 0 });
      },
    ),
    { numRuns: 100 },
  );
});

test.each(halfway)(
  'when the power fails at any operation, everything acknowledged as durable is kept: the segment halfway %s',
  async (_, options, made) => {
    const run = await record(steps, false, options);
    expect(madeBy(run)).toEqual(made);
    for (const at of run.operations.keys()) {
      for (let seed = 1; seed <= 6; seed += 1)
        await check(run, { at, bytes: 90 * seed, power: randomFrom(seed), sectorBytes: seed % 2 === 0 ? 512 : 64 });
    }
  },
);

test(
  'appends too large to share one write follow one another, and a crash between them keeps everything acknowledged',
  exhaustive,
  async () => {
    const many = Array.from({ length: 18 }, (_, n): Step => {
      return { stream: 'abc'[n % 3] ?? 'a', count: 1 + (n % 3), ack: n % 4 === 0 ? 'written' : 'durable', wait: false };
    });
    // 10 KB an event, so that several full groups wait behind each other, some for the next segment.
    const run = await record(many, false, { pad: 10_000, atOnce: 6, segmentBytes: 200_000, preallocateBytes: 65_536 });
    expect(new Set(run.acknowledged.map(({ at }) => at)).size).toBeGreaterThan(5);
    for (const at of run.operations.keys()) {
      await check(run, { at, bytes: 24_003 });
      await check(run, { at, bytes: 24_003, power: randomFrom(at + 1), sectorBytes: 4096 });
    }
  },
);

test('whatever was appended, and whichever sectors a power failure leaves, everything acknowledged as durable is kept', async () => {
  const runs = fc.asyncProperty(
    fc.array(step, { minLength: 2, maxLength: 24 }),
    fc.boolean(),
    fc.integer({ min: 1 }),
    async (steps, abandon, seed) => {
      const run = await record(steps, abandon);
      const power = randomFrom(seed);
      for (let crash = 0; crash < 30; crash += 1) {
        const at = Math.floor(power() * (run.operations.length + 1));
        await check(run, { at, bytes: Math.floor(power() * 600), power, sectorBytes: 64 });
      }
    },
  );
  await fc.assert(runs, { numRuns: 60 });
});

/** A random generator with a seed, so that a failing run can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}
