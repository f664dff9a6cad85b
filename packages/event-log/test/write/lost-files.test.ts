import { cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Acknowledgement } from '@runtime/contracts/log';
import { errorOf } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { openEventLog, type JsonlEventLog } from '../../src/index.ts';
import { nodeFs } from '../../src/testing.ts';
import { scratchDir } from '../support/child.ts';

const segment = '00000001.jsonl';

/** What other programs do to a log that is open, and the code by which its writer says so. */
const losses: readonly [what: string, code: string, lose: (dir: string, root: string) => Promise<void>][] = [
  ['the segment was removed', 'DATA_CORRUPT', (dir) => rm(join(dir, segment))],
  ['the directory was renamed', 'DATA_CORRUPT', (dir, root) => rename(dir, join(root, 'elsewhere'))],
  ['the directory was removed', 'DATA_CORRUPT', (dir) => rm(dir, { recursive: true })],
  [
    'the directory was removed and made again',
    'DATA_CORRUPT',
    async (dir) => {
      await rm(dir, { recursive: true });
      await mkdir(dir);
    },
  ],
  [
    'the directory was replaced by a copy',
    'DATA_CORRUPT',
    async (dir, root) => {
      await cp(dir, join(root, 'copy'), { recursive: true });
      await rm(dir, { recursive: true });
      await rename(join(root, 'copy'), dir);
    },
  ],
  [
    'an editor saved the segment as a new file',
    'DATA_CORRUPT',
    async (dir, root) => {
      await writeFile(join(root, 'saved'), await readFile(join(dir, segment)));
      await rename(join(root, 'saved'), join(dir, segment));
    },
  ],
  ['the segment was emptied', 'DATA_CORRUPT', (dir) => truncate(join(dir, segment), 0)],
  ['the segment was cut', 'DATA_CORRUPT', (dir) => truncate(join(dir, segment), 200)],
  ['the claim was removed', 'DATA_CORRUPT', (dir) => rm(join(dir, 'writer-1.json'))],
  ['the lock file was removed', 'CONFLICT', (dir) => rm(join(dir, 'lock.db'))],
  [
    'everything in the directory was removed',
    'DATA_CORRUPT',
    async (dir) => {
      for (const name of [segment, 'FORMAT', 'writer-1.json', 'lock.db', 'owner.json']) await rm(join(dir, name));
    },
  ],
  [
    'another log lies at the path',
    'DATA_CORRUPT',
    async (dir) => {
      await rm(dir, { recursive: true });
      await (await openEventLog({ dir })).close();
    },
  ],
];

async function appendUntilRefused(log: JsonlEventLog, ack: Acknowledgement, tries: number): Promise<void> {
  for (let n = 0; n < tries; n += 1) await log.append('a', [{ type: 'y' }], { ack });
}

for (const preallocateBytes of [0, 64 * 1024]) {
  for (const ack of ['durable', 'written'] as const) {
    test.each(losses)(
      `%s: no ${ack} append is acknowledged, ${preallocateBytes} bytes ahead`,
      async (what, code, lose) => {
        const root = await scratchDir();
        const dir = join(root, 'log');
        const log = await openEventLog({ dir, preallocateBytes });
        await log.append('a', [{ type: 'x' }], { ack });
        await log.append('a', [{ type: 'x' }]);
        expect(log.failure).toBeUndefined();
        await lose(dir, root);
        const before = log.head;
        const cut = what.startsWith('the segment was emptied') || what.startsWith('the segment was cut');
        const lock = what.startsWith('the lock file');
        // A length and the lock file are looked at every 50 ms; all else at every acknowledgement.
        const error = await errorOf(appendUntilRefused(log, ack, cut || lock ? 100_000 : 1));
        // The log may have seen it by itself before the append.
        expect([code, 'OUTCOME_UNKNOWN']).toContain(error.code);
        expect(error.details).toMatchObject({ poisoned: true });
        expect(error.hint).toBeTypeOf('string');
        expect(log.failure).toMatchObject({ code, retry: 'never', details: { poisoned: true } });
        expect(await errorOf(log.append('a', [{ type: 'z' }]))).toBe(log.failure);
        expect(await log.failed).toBe(log.failure);
        if (!cut && !lock) expect(log.head).toBe(before);
        await log.close();
      },
    );
  }
}

test.each(losses)('%s: the log says so by itself when nothing is appended', async (_, code, lose) => {
  const root = await scratchDir();
  const dir = join(root, 'log');
  const log = await openEventLog({ dir });
  await log.append('a', [{ type: 'x' }]);
  await lose(dir, root);
  expect(await log.failed).toMatchObject({ code });
  expect(log.failure).toMatchObject({ code });
  await log.close();
});

const taken = losses.filter(([what]) => !/was (emptied|cut)$/.test(what));

test.each(taken)('%s: whoever asks is told at once that it is the writer no more', async (_, code, lose) => {
  const root = await scratchDir();
  const dir = join(root, 'log');
  const log = await openEventLog({ dir });
  await log.append('a', [{ type: 'x' }]);
  await log.confirmWriter();
  await lose(dir, root);
  expect(await errorOf(log.confirmWriter())).toMatchObject({ code, details: { poisoned: true } });
  expect(log.failure).toMatchObject({ code });
  await log.close();
});

test.each(taken)('%s: no snapshot is written any more, and nothing is made again', async (_, _code, lose) => {
  const root = await scratchDir();
  const dir = join(root, 'log');
  const log = await openEventLog({ dir });
  await log.append('a', [{ type: 'x' }]);
  await lose(dir, root);
  const names = await readdir(root, { recursive: true });
  const error = await errorOf(log.writeSnapshot('fold', { version: 'v1', position: 1, state: {} }));
  expect(error).toMatchObject({ details: { poisoned: true } });
  expect(error).toBe(log.failure);
  await log.close();
  // The writer's own owner.json may go when it closes.
  const left = await readdir(root, { recursive: true });
  expect(left.filter((name) => !names.includes(name))).toEqual([]);
});

test('a closed segment that was removed ends the writer, although it writes to another file', async () => {
  const dir = await scratchDir();
  const log = await openEventLog({ dir, segmentBytes: 1024 });
  for (let n = 0; n < 20; n += 1) await log.append('a', [{ type: 'x', pad: 'x'.repeat(100) }]);
  await rm(join(dir, segment));
  expect(await log.failed).toMatchObject({ code: 'DATA_CORRUPT' });
  await log.close();
});

test('a log that is closed has no failure, and its directory may be moved', async () => {
  const root = await scratchDir();
  const dir = join(root, 'log');
  const log = await openEventLog({ dir });
  await log.append('a', [{ type: 'x' }]);
  await log.close();
  await rename(dir, join(root, 'moved'));
  expect(log.failure).toBeUndefined();
  const again = await openEventLog({ dir: join(root, 'moved') });
  expect(again.head).toBe(1);
  await again.close();
});

// A rejection that nobody handles ends a host; here, it fails the test run.
test('a directory that cannot be read for a while proves nothing: the log looks again', async () => {
  const dir = await scratchDir();
  const real = nodeFs();
  const failed = Promise.withResolvers<void>();
  let failing = false;
  const list = async (path: string): Promise<string[]> => {
    if (!failing) return real.list(path);
    failing = false;
    failed.resolve();
    throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  };
  const log = await openEventLog({ dir, fs: { ...real, list }, segmentBytes: 1024 });
  for (let n = 0; n < 20; n += 1) await log.append('a', [{ type: 'x', pad: 'x'.repeat(100) }]);
  failing = true;
  await failed.promise;
  await log.append('a', [{ type: 'x' }]);
  expect(log.failure).toBeUndefined();
  await rm(join(dir, segment));
  expect(await log.failed).toMatchObject({ code: 'DATA_CORRUPT' });
  await log.close();
});
