import { join } from 'node:path';
import type { EventLog } from '@runtime/contracts/log';
import { openEventLog } from '@runtime/event-log';
import { median, secondsSince, type Contender } from '../harness/contender.ts';
import { makeEvent } from '../append/event.ts';
import { checkDelivered, countUp, newCounts, type Count } from './subscriber.ts';

/**
 * Subscribers that follow our log. `live: 0`: the events are there and parsed, as the first subscriber finds them, and
 * only handing them on is measured.
 * `live: 1`: from the append to the last subscriber, the append and its one JSON.parse included.
 */
export default async function followers(dir: string): Promise<Contender> {
  const log = await openEventLog({ dir: join(dir, 'log') });
  return {
    async run({ subscribers = 1, events = 1, repeats = 1, live = 0 }) {
      const seconds = live
        ? await liveRun(log, subscribers, events)
        : await handingOn(log, subscribers, events, repeats);
      return { nanoseconds: (seconds * 1e9) / (subscribers * events) };
    },
    close: () => log.close(),
  };
}

async function handingOn(log: EventLog, subscribers: number, events: number, repeats: number): Promise<number> {
  const after = log.cursor(log.head);
  await appendAll(log, events);
  await follow(log, after, { events: 0, last: 0 }, events);
  const times: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const counts = newCounts(subscribers);
    const start = process.hrtime.bigint();
    await Promise.all(counts.map((count) => follow(log, after, count, events)));
    times.push(secondsSince(start));
    checkDelivered(counts, events);
  }
  return median(times);
}

async function liveRun(log: EventLog, subscribers: number, events: number): Promise<number> {
  const counts = newCounts(subscribers);
  const start = process.hrtime.bigint();
  const following = counts.map((count) => follow(log, 'now', count, events));
  await appendAll(log, events);
  await Promise.all(following);
  const seconds = secondsSince(start);
  checkDelivered(counts, events);
  return seconds;
}

/** In waves of 64 at once, as many agents would. */
async function appendAll(log: EventLog, events: number): Promise<void> {
  for (let at = 0; at < events; at += 64) {
    const wave = Array.from({ length: Math.min(64, events - at) }, (_, index) =>
      log.append(`task/w${index}`, [makeEvent(at + index)], { ack: 'written' }),
    );
    await Promise.all(wave);
  }
}

async function follow(log: EventLog, after: string, count: Count, events: number): Promise<void> {
  for await (const batch of log.read({ after, follow: true })) {
    for (const event of batch) countUp(count, event);
    if (count.events >= events) return;
  }
}
