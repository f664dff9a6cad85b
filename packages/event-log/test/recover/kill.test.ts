import { setTimeout as sleep } from 'node:timers/promises';
import { collect } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { openEventLog, verifyLog } from '../../src/index.ts';
import { kill, printed, scratchDir, startFixture } from '../support/child.ts';

test('a writer killed again and again during appends loses no event that was acknowledged', async () => {
  const dir = await scratchDir();
  let before = 0;
  for (let round = 1; round <= 6; round += 1) {
    const child = startFixture('append-forever', dir);
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    await expect.poll(() => output.split('\n').length, { interval: 5 }).toBeGreaterThan(20 * round);
    await sleep(round * 7);
    await kill(child);
    const lines = output.split('\n').slice(0, -1);
    expect(lines[0]).toBe(`open ${round * 2 - 1}`);
    const acknowledged = lines.slice(1).map(Number);
    const log = await openEventLog({ dir });
    const events = await collect(log);
    expect(events.map((event) => event.position)).toEqual(events.map((_, index) => index + 1));
    expect(log.head).toBeGreaterThanOrEqual(Math.max(...acknowledged));
    expect(log.head).toBeGreaterThan(before);
    // All batches have two events, and no half of one is there.
    expect(log.head % 2).toBe(0);
    before = log.head;
    await log.close();
  }
  expect(await verifyLog({ dir })).toMatchObject({ head: before, events: before, problems: [], unfinished: undefined });
});

test('a writer killed again and again during removals loses no other event, and brings none back', async () => {
  const dir = await scratchDir();
  const kept = new Set<number>();
  const removed = new Set<string>();
  for (let round = 1; round <= 6; round += 1) {
    const child = startFixture('remove-forever', dir);
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    await expect.poll(() => output.split('\n').length, { interval: 5 }).toBeGreaterThan(15 * round);
    await sleep(round * 3);
    await kill(child);
    for (const line of output.split('\n').slice(1, -1)) {
      const [what, which = ''] = line.split(' ');
      if (what === 'kept') kept.add(Number(which));
      else removed.add(which);
    }
    const log = await openEventLog({ dir });
    const events = await collect(log);
    const there = new Set(events.filter(({ stream }) => stream === 'kept').map(({ position }) => position));
    expect([...kept].filter((position) => !there.has(position))).toEqual([]);
    expect(events.filter(({ stream }) => removed.has(stream))).toEqual([]);
    await log.close();
  }
  expect(removed.size).toBeGreaterThan(20);
  expect(await verifyLog({ dir })).toMatchObject({ problems: [], unfinished: undefined });
});

test('the log of a killed writer opens for the next writer at once', async () => {
  const dir = await scratchDir();
  const child = startFixture('append-forever', dir);
  await printed(child, 'open 1');
  await kill(child);
  const log = await openEventLog({ dir });
  expect(log.epoch).toBe(2);
  await log.close();
});
