import { setTimeout as sleep } from 'node:timers/promises';
import { collect } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { openEventLog, verifyLog } from '../../src/index.ts';
import { kill, printed, scratchDir, startFixture } from '../support/child.ts';

test('a writer killed again and again in the middle of appending loses nothing that it was told is in the log', async () => {
  const dir = await scratchDir();
  let before = 0;
  for (let round = 1; round <= 6; round += 1) {
    const child = startFixture('append-forever', dir);
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    await expect.poll(() => output.split('\n').length, { timeout: 15_000, interval: 5 }).toBeGreaterThan(20 * round);
    await sleep(round * 7);
    await kill(child);
    const lines = output.split('\n').slice(0, -1);
    expect(lines[0]).toBe(`open ${round * 2 - 1}`);
    const told = lines.slice(1).map(Number);
    const log = await openEventLog({ dir });
    const events = await collect(log);
    expect(events.map((event) => event.position)).toEqual(events.map((_, index) => index + 1));
    expect(log.head).toBeGreaterThanOrEqual(Math.max(...told));
    expect(log.head).toBeGreaterThan(before);
    // Batches of two: none is there by half.
    expect(log.head % 2).toBe(0);
    before = log.head;
    await log.close();
  }
  expect(await verifyLog({ dir })).toMatchObject({ head: before, events: before, problems: [], unfinished: undefined });
});

test('a killed writer leaves the log to the next one at once', async () => {
  const dir = await scratchDir();
  const child = startFixture('append-forever', dir);
  await printed(child, 'open 1');
  await kill(child);
  const log = await openEventLog({ dir });
  expect(log.epoch).toBe(2);
  await log.close();
});
