import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { collect } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { openEventLog, verifyLog } from '../../src/index.ts';
import { linesOf, scratchDir, startFixture } from '../support/child.ts';

async function idsIn(dir: string): Promise<unknown[]> {
  const log = await openEventLog({ dir, readOnly: true });
  const ids = (await collect(log)).map((event) => event['id']);
  await log.close();
  return ids;
}

test('an owner that was stopped while its lock file was removed acknowledges nothing beside the next owner', async () => {
  const dir = await scratchDir();
  const first = linesOf(startFixture('append-ids', dir));
  await first.said('open 1');
  first.write('a');
  await first.said('kept a');
  first.child.kill('SIGSTOP');
  await rm(join(dir, 'lock.db'));
  const second = linesOf(startFixture('append-ids', dir));
  await second.said('open 2');
  second.write('b');
  await second.said('kept b');
  first.write('late');
  first.child.kill('SIGCONT');
  expect(await first.said('kept late', 'refused late')).toMatch('refused late');
  second.write('c');
  await second.said('kept c');
  expect(await idsIn(dir)).toEqual(['a', 'b', 'c']);
  expect(await verifyLog({ dir })).toMatchObject({ events: 3, problems: [], unfinished: undefined });
});

test('an owner in whose process the lock file was opened and closed acknowledges nothing beside the next owner', async () => {
  const dir = await scratchDir();
  const first = linesOf(startFixture('append-ids', dir));
  first.write('a');
  await first.said('kept a');
  first.write('touch-lock');
  await first.said('touched');
  const second = linesOf(startFixture('append-ids', dir));
  second.write('b');
  await second.said('kept b');
  first.write('late');
  expect(await first.said('kept late', 'refused late')).toMatch('refused late');
  second.write('c');
  await second.said('kept c');
  expect(await idsIn(dir)).toEqual(['a', 'b', 'c']);
  expect(await verifyLog({ dir })).toMatchObject({ events: 3, problems: [], unfinished: undefined });
});

test('of owners that take the log from each other in the middle of their appends, none loses what it acknowledged', async () => {
  const dir = await scratchDir();
  const owners = [];
  for (let round = 0; round < 6; round += 1) {
    const owner = linesOf(startFixture('append-ids', dir, `owner${round}`));
    await owner.said(`kept owner${round}-${10 + round * 7}`);
    owners.push(owner);
    await rm(join(dir, 'lock.db'));
  }
  for (const owner of owners.slice(0, -1)) await owner.said('refused ');
  owners.at(-1)?.child.kill('SIGKILL');
  await owners.at(-1)?.ended;
  const kept = owners.flatMap(({ output }) => output().match(/(?<=kept )\S+/g) ?? []);
  expect(kept.length).toBeGreaterThan(100);
  const log = await openEventLog({ dir });
  const ids = new Set((await collect(log)).map((event) => event['id']));
  expect(kept.filter((id) => !ids.has(id))).toEqual([]);
  await log.close();
  expect(await verifyLog({ dir })).toMatchObject({ problems: [], unfinished: undefined });
});
