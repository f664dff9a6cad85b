/** What a subscriber does with an event: as little as proves that it came. */
export interface Count {
  events: number;
  last: number;
}

export function newCounts(subscribers: number): Count[] {
  return Array.from({ length: subscribers }, () => ({ events: 0, last: 0 }));
}

export function countUp(count: Count, event: { readonly position: number }): void {
  count.events += 1;
  count.last = event.position;
}

export function checkDelivered(counts: readonly Count[], events: number): void {
  for (const count of counts) if (count.events !== events) throw new Error(`${count.events} events of ${events} came`);
}
