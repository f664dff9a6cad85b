import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openEventLog } from '../../src/index.ts';
import { nodeFs } from '../../src/testing.ts';
import { scratchDir } from '../support/child.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** How often the directory of a log that is not appended to is listed in a minute. */
async function listsOfIdleMinute(segmentBytes: number): Promise<number> {
  const real = nodeFs();
  let lists = 0;
  const list = (path: string): Promise<string[]> => {
    lists += 1;
    return real.list(path);
  };
  const log = await openEventLog({ dir: await scratchDir(), fs: { ...real, list }, segmentBytes });
  for (let n = 0; n < 20; n += 1) await log.append('a', [{ type: 'x', pad: 'x'.repeat(100) }]);
  const before = lists;
  await vi.advanceTimersByTimeAsync(60_000);
  await log.confirmWriter();
  const after = lists;
  expect(log.failure).toBeUndefined();
  await log.close();
  return after - before;
}

test('an idle log of one segment goes to the disk for nothing: what it has open tells', async () => {
  expect(await listsOfIdleMinute(1024 * 1024)).toBe(0);
});

test('one with closed segments, which nobody has open, looks for them once a second', async () => {
  // And once more where the caller asks.
  expect(await listsOfIdleMinute(1024)).toBe(61);
});
