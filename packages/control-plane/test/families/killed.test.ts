import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { openReadOnlyPlane } from '../../src/index.ts';
import { outbox } from '../support/outbox.ts';
import { expectSoundLog, makePlaces, openPlane, type Places } from '../support/planes.ts';

const script = fileURLToPath(new URL('../support/family-owner.ts', import.meta.url));

/** What an owner in a process of its own acknowledged until it was killed (-9), at this line of its output. */
async function killed(
  { dataDir }: Places,
  [batches, fill]: readonly [number, number],
  last: string,
): Promise<string[]> {
  const args = ['--conditions=@runtime/source', script, dataDir, String(batches), String(fill)];
  const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const gone = once(owner, 'exit');
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: owner.stdout })) {
    if (line !== 'all') acknowledged.push(line);
    if (line === last) owner.kill('SIGKILL');
  }
  expect((await gone)[1]).toBe('SIGKILL');
  return acknowledged;
}

it.each<[when: string, much: readonly [batches: number, fill: number], last: string]>([
  ['before anything is saved', [3, 0], 'all'],
  ['between one append and the next', [2000, 2], 'm-7'],
  ['after so much that a snapshot is under way or done', [22, 1000], 'm-21'],
])('what was acknowledged to an owner that is killed is in the state of the next one: %s', async (_, much, at) => {
  await using places = await makePlaces([outbox]);
  const acknowledged = await killed(places, much, at);
  expect(acknowledged.length).toBeGreaterThan(2);
  await using reader = await openReadOnlyPlane({ dataDir: places.dataDir, families: [outbox] });
  const found = Object.keys((await reader.state(outbox)).waiting);
  expect(found.slice(0, acknowledged.length), 'to a reader').toEqual(acknowledged);
  await using next = await openPlane(places, { adapters: [], families: [outbox] });
  const { waiting } = await next.state(outbox);
  expect(Object.keys(waiting)).toEqual(found);
  const last = acknowledged.at(-1) ?? '';
  await next.append('outbox/a', [{ type: 'outbox.sent', id: last }]);
  expect(Object.keys((await next.state(outbox)).waiting)).not.toContain(last);
  await next.close();
  await expectSoundLog(places);
});
