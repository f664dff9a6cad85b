import { expect, it } from 'vitest';
import { SingleReader } from '../../src/source/index.ts';
import { codeOf } from '../support/run.ts';

async function* endless(signal: AbortSignal): AsyncGenerator<number, void, undefined> {
  for (let at = 0; !signal.aborted; at += 1) yield at;
}

it('refuses a second reader until the first one has left', async () => {
  const reader = new SingleReader();
  const first = reader.read(endless);
  expect((await first.next()).value).toBe(0);
  expect(await codeOf(reader.read(endless).next())).toBe('CONFLICT');
  expect((await first.next()).value).toBe(1);
  await first.return();
  const third = reader.read(endless);
  expect((await third.next()).value).toBe(0);
});

it('counts as read only once the iteration begins, and no more when its source throws', async () => {
  const reader = new SingleReader();
  reader.read(endless);
  const failing = reader.read(() => {
    throw new Error('no source');
  });
  await expect(failing.next()).rejects.toThrow('no source');
  expect((await reader.read(endless).next()).value).toBe(0);
});

it('ends without a throw when the signal aborts or the session is released, and for good then', async () => {
  const reader = new SingleReader();
  const own = new AbortController();
  const first = reader.read(endless, { signal: own.signal });
  await first.next();
  own.abort();
  expect((await first.next()).done).toBe(true);
  const second = reader.read(endless);
  await second.next();
  reader.release();
  expect((await second.next()).done).toBe(true);
  expect((await reader.read(endless).next()).done).toBe(true);
});
