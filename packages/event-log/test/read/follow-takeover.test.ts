import { collect, FaultFs } from '@runtime/conformance/event-log';
import { expect, inject, test } from 'vitest';
import { dir, openOn } from '../support/fault-log.ts';
import { pausedFs } from '../support/paused-fs.ts';

/** What a reader of the files gets when a writer is stopped at an operation and another takes over. */
async function followThrough(at: number, after: boolean): Promise<boolean> {
  const disk = new FaultFs();
  const begun = await openOn(disk);
  await begun.append('a', [{ type: 'begun' }]);
  await begun.close();
  const reader = await openOn(disk, { readOnly: true });
  const paused = pausedFs(disk, at, after);
  const first = (async () => {
    const log = await openOn(paused.fs);
    for (let n = 0; n < 5; n += 1) await log.append('a', [{ type: 'first', pad: 'x'.repeat(400) }]);
    await log.close();
  })().catch(() => undefined);
  await Promise.race([paused.reached, first]);
  await collect(reader);
  const second = await openOn(disk);
  await second.append('a', [{ type: 'second' }]);
  paused.goOn();
  await first;
  // Each reading looks at the files again; a stuck end is given up at the second.
  for (let reads = 0; reads < 3; reads += 1) await collect(reader);
  const seen = await collect(reader);
  const whole = await openOn(disk, { readOnly: true });
  expect(seen, `${after ? 'after' : 'before'} operation ${at}`).toEqual(await collect(whole));
  for (const log of [reader, whole, second]) await log.close();
  return paused.count() > at;
}

test(
  'a reader of the files follows from a stopped writer to the one that took over',
  { timeout: 60_000 * inject('slowness') },
  async () => {
    let at = 0;
    while ((await followThrough(at, false)) && (await followThrough(at, true))) at += 1;
    expect(at).toBeGreaterThan(40);
  },
);

test('a segment that was never begun, and one that is left out, do not stop a reader', async () => {
  const disk = new FaultFs();
  const first = await openOn(disk);
  await first.append('a', [{ type: 'one' }]);
  const reader = await openOn(disk, { readOnly: true });
  await (await disk.open(`${dir}/00000002.jsonl`, 'create')).close();
  expect(await collect(reader)).toHaveLength(1);
  const second = await openOn(disk);
  await second.append('a', [{ type: 'two' }]);
  expect(await collect(reader)).toHaveLength(2);
  await disk.remove(`${dir}/00000002.jsonl`);
  const late = await openOn(disk, { readOnly: true });
  expect(await collect(late)).toHaveLength(2);
  for (const log of [reader, late, second, first]) await log.close();
});
