import { median, secondsSince, type Contender } from '../harness/contender.ts';
import { makeEvent } from '../append/event.ts';
import { checkDelivered, countUp, newCounts } from './subscriber.ts';

/** A loop over an array of listeners: the least that handing on an event can cost. */
export default async function array(): Promise<Contender> {
  const batches = new Map<number, { position: number }[]>();
  const batchOf = (events: number) => {
    const batch =
      batches.get(events) ??
      Array.from({ length: events }, (_, index) => ({ ...makeEvent(index), position: index + 1 }));
    batches.set(events, batch);
    return batch;
  };
  return {
    async run({ subscribers = 1, events = 1, repeats = 1 }) {
      const batch = batchOf(events);
      const counts = newCounts(subscribers);
      const listeners = counts.map((count) => (event: { position: number }) => countUp(count, event));
      const times: number[] = [];
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        const start = process.hrtime.bigint();
        for (const event of batch) for (const listener of listeners) listener(event);
        times.push(secondsSince(start));
      }
      checkDelivered(counts, events * repeats);
      return { nanoseconds: (median(times) * 1e9) / (subscribers * events) };
    },
  };
}
