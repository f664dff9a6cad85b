import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StoredEvent } from '@runtime/contracts/log';
import {
  collect,
  crashImage,
  errorOf,
  FaultFs,
  type CrashOptions,
  type DiskImage,
} from '@runtime/conformance/event-log';
import { openEventLog, verifyLog, type JsonlEventLog } from '../../src/index.ts';
import type { LogFs } from '../../src/testing.ts';
import { scratchDir } from '../support/child.ts';
import { delegatedFs } from '../support/delegated.ts';
import { dir, fileOf, firstSegment, flip, openOn, withFile } from '../support/fault-log.ts';

const secret = 'swordfish';

/** The segments are long and stay by themselves, or short, because their writers died, and become one. */
const layouts = {
  long: { segmentBytes: 1500 },
  short: { segmentBytes: 20_000 },
};
type Layout = keyof typeof layouts;

/** Events of four streams, of which `task/1` and `task/3` are to go, over several writers and segments. */
async function fill(fs: LogFs, layout: Layout = 'long', more = {}): Promise<JsonlEventLog> {
  for (let writer = 0; writer < 3; writer += 1) {
    const log = await openOn(fs, { ...layouts[layout], ...more });
    for (let n = 0; n < 16; n += 1) {
      const stream = `task/${(n + writer) % 4}`;
      const text = stream === 'task/1' ? secret : 'kept';
      await log.append(
        stream,
        Array.from({ length: 1 + (n % 2) }, (_, at) => ({ type: 'x', n, at, text })),
        {
          ack: n % 3 === 0 ? 'written' : 'durable',
        },
      );
    }
    await log.writeSnapshot('fold', { version: 'v1', position: log.head, state: writer });
    if (writer === 2) return log;
    if (layout === 'long') await log.close();
  }
  throw new Error('not reached');
}

const gone: readonly string[] = ['task/1', 'task/3'];
const isKept = ({ stream }: StoredEvent): boolean => !gone.includes(stream);

const textOf = (image: DiskImage): string =>
  [...image].map(([path, bytes]) => `${path}\n${Buffer.from(bytes).toString()}`).join('\n');

test('what is removed is in no file of the log any more', async () => {
  const fs = new FaultFs();
  const log = await fill(fs);
  expect(textOf(fs.image())).toContain(secret);
  await log.removeStreams(gone);
  expect(textOf(fs.image())).not.toContain(secret);
  expect(textOf(fs.image())).not.toContain('task/3');
  await log.close();
  expect(await verifyLog({ dir, fs })).toMatchObject({ problems: [], unfinished: undefined, streams: 2 });
});

test('a log whose first segments became one with later ones is whole to its next openings, with their checkpoints or without', async () => {
  const fs = new FaultFs();
  const log = await fill(fs, 'short');
  const kept = (await collect(log)).filter(isKept);
  await log.removeStreams(gone);
  await log.close();
  expect(JSON.parse(fileOf(fs.image(), `${dir}/FORMAT`).toString())).toMatchObject({ first: expect.any(Number) });
  const image = fs.image();
  for (const without of [/never/, /checkpoint$/, /snapshots/, /FORMAT$/]) {
    const left = new FaultFs(new Map([...image].filter(([path]) => !without.test(path))));
    if (without.test('FORMAT')) {
      expect((await errorOf(openOn(left))).code).toBe('DATA_CORRUPT');
      continue;
    }
    const again = await openOn(left);
    expect(await collect(again)).toEqual(kept);
    expect(again.revision('task/1')).toBe(0);
    expect(await again.append('task/0', [{ type: 'y' }])).toMatchObject({ first: log.head + 1 });
    await again.close();
    expect(await verifyLog({ dir, fs: left })).toMatchObject({ problems: [] });
  }
});

test('however many removals end a segment early, the number of segments stays small', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, { segmentBytes: 100_000 });
  for (let n = 0; n < 120; n += 1) {
    await log.append(`task/${n}`, [{ type: 'x', n }]);
    await log.append('plane', [{ type: 'y', n }]);
    await log.removeStreams([`task/${n}`]);
  }
  expect((await collect(log)).map(({ type }) => type)).toEqual(Array.from({ length: 120 }, () => 'y'));
  expect([...fs.image().keys()].filter((path) => path.endsWith('.jsonl')).length).toBeLessThan(12);
  await log.close();
});

/** A log that was filled and then lost two streams, with the operations of both. */
async function removal(layout: Layout): Promise<{ fs: FaultFs; from: number; before: StoredEvent[]; layout: Layout }> {
  const fs = new FaultFs();
  const log = await fill(fs, layout);
  const before = await collect(log);
  const from = fs.operations.length;
  await log.removeStreams(gone);
  await log.append('task/0', [{ type: 'later' }]);
  await log.close();
  return { fs, from, before, layout };
}

/** Every other event is as it was, the log verifies, and a second removal ends what the first had begun. */
async function check({ fs, before, layout }: Awaited<ReturnType<typeof removal>>, crash: CrashOptions): Promise<void> {
  const disk = new FaultFs(crashImage(fs.operations, crash));
  const log = await openOn(disk, layouts[layout]);
  const events = (await collect(log)).filter(({ type }) => type !== 'later');
  expect(events.filter(isKept)).toEqual(before.filter(isKept));
  expect(before).toEqual(expect.arrayContaining(events));
  await log.removeStreams(gone);
  expect((await collect(log)).filter(({ type }) => type !== 'later')).toEqual(before.filter(isKept));
  const numbers = [...disk.image().keys()].flatMap((path) => /(\d{8})\.jsonl$/.exec(path)?.[1] ?? []);
  await log.close();
  expect(textOf(disk.image())).not.toContain(secret);
  const report = await verifyLog({ dir, fs: disk });
  expect(report).toMatchObject({ problems: [], unfinished: undefined });
  if (layout === 'short') expect(numbers.length).toBeLessThan(8);
}

const each = test.each(['long', 'short'] as const);

each(
  'a removal from %s segments that is killed at any operation, or in any write, costs no other event, and can be ended later',
  async (layout) => {
    const run = await removal(layout);
    expect(run.fs.operations.length - run.from).toBeGreaterThan(20);
    for (let at = run.from; at <= run.fs.operations.length; at += 1) {
      const next = run.fs.operations[at];
      await check(run, { at });
      if (next?.kind === 'write') await check(run, { at, bytes: Math.floor(next.bytes.byteLength / 2) });
    }
  },
);

each(
  'a removal from %s segments during which the power fails costs no other event, whichever sectors and names survive',
  async (layout) => {
    const run = await removal(layout);
    for (let at = run.from; at <= run.fs.operations.length; at += 1) {
      for (let seed = 1; seed <= 3; seed += 1)
        await check(run, { at, bytes: 70 * seed, power: randomFrom(seed * 31 + at), sectorBytes: seed % 2 ? 64 : 512 });
    }
  },
);

/** A disk that calls back before each operation that changes something. */
function interrupted(disk: FaultFs, before: () => Promise<void>): LogFs {
  return {
    ...delegatedFs(disk),
    rename: async (from, to) => {
      await before();
      await disk.rename(from, to);
      await before();
    },
    remove: async (path) => {
      await before();
      await disk.remove(path);
    },
    syncDir: async (path) => {
      await before();
      await disk.syncDir(path);
    },
  };
}

each('readers of the files see every other event at any moment of a removal from %s segments', async (layout) => {
  const disk = new FaultFs();
  let looks = 0;
  let isRemoving = false;
  let expected: StoredEvent[] = [];
  const lasting: JsonlEventLog[] = [];
  const look = async (): Promise<void> => {
    if (!isRemoving) return;
    looks += 1;
    const now = await openOn(disk, { ...layouts[layout], readOnly: true });
    if (looks % 4 === 1) lasting.push(now);
    for (const reader of [now, ...lasting]) {
      expect((await collect(reader)).filter(isKept)).toEqual(expected);
      const one = await collect(reader, { stream: 'task/2' });
      expect(one).toEqual(expected.filter(({ stream }) => stream === 'task/2'));
    }
    expect(await verifyLog({ dir, fs: disk })).toMatchObject({ problems: [] });
  };
  const log = await fill(interrupted(disk, look), layout);
  expected = (await collect(log)).filter(isKept);
  isRemoving = true;
  await log.removeStreams(gone);
  isRemoving = false;
  expect(looks).toBeGreaterThan(5);
  for (const reader of lasting) {
    expect(await collect(reader)).toEqual(expected);
    await reader.close();
  }
  await log.close();
});

each(
  'the readers of the writer itself see every other event at any moment of a removal from %s segments',
  async (layout) => {
    const disk = new FaultFs();
    let isRemoving = false;
    const looks: Promise<StoredEvent[]>[] = [];
    const log = await fill(
      interrupted(disk, async () => {
        if (isRemoving) looks.push(collect(log), collect(log, { stream: 'task/2' }));
        await new Promise((resolve) => setImmediate(resolve));
      }),
      layout,
    );
    const expected = (await collect(log)).filter(isKept);
    isRemoving = true;
    await log.removeStreams(gone);
    for (const [at, events] of (await Promise.all(looks)).entries()) {
      const wanted = at % 2 === 0 ? expected : expected.filter(({ stream }) => stream === 'task/2');
      expect(events.filter(isKept)).toEqual(wanted);
    }
    expect(looks.length).toBeGreaterThan(10);
    await log.close();
  },
);

/** A disk that calls back before one of its files is opened, counted from 0. */
function calling(disk: FaultFs, at: number, callback: () => Promise<void>): LogFs {
  let opened = 0;
  return {
    ...delegatedFs(disk),
    open: async (path, mode) => {
      if (opened++ === at) await callback();
      return disk.open(path, mode);
    },
  };
}

each(
  'a removal from %s segments in the middle of an opening or a verification by another process is no damage to it',
  async (layout) => {
    for (let at = 0, wasReached = true; wasReached; at += 1) {
      for (const kind of ['open', 'verify'] as const) {
        const disk = new FaultFs();
        const log = await fill(disk, layout);
        const expected = (await collect(log)).filter(isKept);
        wasReached = false;
        const fs = calling(disk, at, async () => {
          wasReached = true;
          await log.removeStreams(gone);
        });
        if (kind === 'verify') expect(await verifyLog({ dir, fs })).toMatchObject({ problems: [] });
        else {
          const reader = await openOn(fs, { ...layouts[layout], readOnly: true });
          expect((await collect(reader)).filter(isKept)).toEqual(expected);
          await reader.close();
        }
        await log.close();
      }
    }
  },
);

test('a writer that looks for its segments while a removal makes them one misses none', async () => {
  const disk = new FaultFs();
  let isLooking = false;
  const fs: LogFs = {
    ...delegatedFs(disk),
    list: async (path) => {
      if (isLooking) {
        isLooking = false;
        await log.removeStreams(gone);
      }
      return disk.list(path);
    },
  };
  const log = await fill(fs, 'short');
  isLooking = true;
  await log.confirmWriter();
  expect(isLooking).toBe(false);
  await log.append('task/0', [{ type: 'y' }]);
  expect(log.failure).toBe(undefined);
  await log.close();
});

test('a follower in another process goes on through a removal, and misses nothing that comes after it', async () => {
  const dir = await scratchDir();
  const log = await openEventLog({ dir, segmentBytes: 4096 });
  for (let n = 0; n < 60; n += 1) await log.append(`task/${n % 4}`, [{ type: 'x', n }]);
  const reader = await openEventLog({ dir, readOnly: true });
  const seen: StoredEvent[] = [];
  const following = (async () => {
    for await (const events of reader.read({ follow: true })) {
      seen.push(...events);
      if (seen.some(({ type }) => type === 'last')) return;
    }
  })();
  for (let n = 0; n < 20; n += 1) {
    await log.append('task/2', [{ type: 'y', n }]);
    if (n % 5 === 0) await log.removeStreams([`task/${n === 5 ? 1 : 3}`]);
    await log.append('task/3', [{ type: 'x', n }]);
  }
  await log.append('task/2', [{ type: 'last' }]);
  await following;
  expect(seen.filter(({ type }) => type === 'y').map((event) => event['n'])).toEqual(
    Array.from({ length: 20 }, (_, n) => n),
  );
  await reader.close();
  await log.close();
});

test('on a full disk a removal is refused, leaves nothing behind, and the log goes on', async () => {
  const fs = new FaultFs();
  const log = await fill(fs, 'short', { segmentBytes: 100_000, preallocateBytes: 0 });
  const before = await collect(log);
  let used = 0;
  for (const bytes of fs.image().values()) used += bytes.byteLength;
  fs.capacity = used + 1000;
  const refused = await errorOf(log.removeStreams(gone));
  expect(refused).toMatchObject({ code: 'EXHAUSTED' });
  expect(await collect(log)).toEqual(before);
  fs.capacity = Infinity;
  await log.append('task/0', [{ type: 'y' }]);
  await log.removeStreams(gone);
  expect((await collect(log)).slice(0, -1)).toEqual(before.filter(isKept));
  expect([...fs.image().keys()].filter((path) => path.endsWith('.tmp'))).toEqual([]);
  await log.close();
});

test.each(
  (['rename', 'remove', 'syncDir'] as const).flatMap((kind) =>
    (['long', 'short'] as const).map((layout) => [kind, layout] as const),
  ),
)('a removal whose every %s fails in turn says so, and costs no other event: %s segments', async (kind, layout) => {
  for (let skip = 0; skip < 12; skip += 1) {
    const fs = new FaultFs();
    const log = await fill(fs, layout);
    const before = await collect(log);
    let count = 0;
    fs.inject = (operation) => (operation.kind === kind && count++ === skip ? { code: 'EIO' } : undefined);
    const error = await errorOf(log.removeStreams(gone)).catch(() => undefined);
    if (error) expect(['UNAVAILABLE', 'OUTCOME_UNKNOWN']).toContain(error.code);
    fs.inject = undefined;
    await log.close();
    const again = await openOn(fs, layouts[layout]);
    expect((await collect(again)).filter(isKept)).toEqual(before.filter(isKept));
    await again.removeStreams(gone);
    expect(await collect(again)).toEqual(before.filter(isKept));
    await again.close();
    expect(await verifyLog({ dir, fs })).toMatchObject({ problems: [] });
    if (count <= skip) return;
  }
});

test('a removal over a damaged line is refused and changes nothing', async () => {
  const fs = new FaultFs();
  await (await fill(fs)).close();
  const image = fs.image();
  const bytes = fileOf(image, firstSegment);
  const disk = new FaultFs(withFile(image, firstSegment, flip(bytes, (bytes.indexOf(secret) + 1) * 8)));
  const log = await openOn(disk);
  const before = disk.image();
  const error = await errorOf(log.removeStreams(gone));
  expect(error).toMatchObject({ code: 'DATA_CORRUPT', details: { file: '00000001.jsonl' } });
  const changed = [...disk.image()].filter(([path, now]) => !Buffer.from(before.get(path) ?? []).equals(now));
  expect(changed.map(([path]) => path)).toEqual([]);
  await log.close();
});

test('closing waits for a removal to stop between two segments, and the next opening finds both kinds', async () => {
  const dir = await scratchDir();
  const log = await openEventLog({ dir, segmentBytes: 4096 });
  for (let n = 0; n < 200; n += 1) await log.append(`task/${n % 4}`, [{ type: 'x', n }]);
  const kept = (await collect(log)).filter(isKept);
  const removing = errorOf(log.removeStreams(gone)).catch(() => undefined);
  await log.close();
  await removing;
  const again = await openEventLog({ dir, segmentBytes: 4096 });
  expect((await collect(again)).filter(isKept)).toEqual(kept);
  await again.removeStreams(gone);
  expect(await collect(again)).toEqual(kept);
  await again.close();
  const texts = await Promise.all(
    (await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8').catch(() => '')),
  );
  expect(texts.join('')).not.toContain('"stream":"task/1"');
});

/** A random generator with a seed, so that a failing run can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}
