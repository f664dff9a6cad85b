import type { SessionEvent, SourceBatch } from '@runtime/contracts/adapter';

const maxChars = 64 * 1024;
/** Limit for increments that cannot be merged, such as those of two tools that take turns. */
const maxEvents = 512;

/** Increments that wait to be appended together: those that belong together are merged, in their order. */
export class Increments {
  #events: SessionEvent[] = [];
  #chars = 0;
  #cursor = '';
  #at: number | undefined;

  /** There is enough text to append at once. */
  get isFull(): boolean {
    return this.#chars >= maxChars;
  }

  /** Whether the events of a batch still fit. */
  hasRoomFor({ events }: SourceBatch): boolean {
    return this.#events.length + events.length <= maxEvents;
  }

  add({ cursor, events, at }: SourceBatch): void {
    for (const event of events) this.#chars += this.#addEvent(event);
    this.#cursor = cursor;
    this.#at = at;
  }

  /** Everything that waits, as one batch with the last cursor; undefined when nothing does. */
  take(): SourceBatch | undefined {
    if (this.#events.length === 0) return undefined;
    const batch = { cursor: this.#cursor, events: this.#events, ...(this.#at === undefined ? {} : { at: this.#at }) };
    this.#events = [];
    this.#chars = 0;
    return batch;
  }

  /** Returns the number of characters added. */
  #addEvent(event: SessionEvent): number {
    if (!('text' in event) || event.type === 'message.completed') return 0;
    const last = this.#events.at(-1);
    const merged = last && merge(last, event);
    if (merged) this.#events[this.#events.length - 1] = merged;
    else this.#events.push(event);
    return event.text.length;
  }
}

/** Two increments as one, where both belong together and are not too long. */
function merge(last: SessionEvent, event: SessionEvent): SessionEvent | undefined {
  if (!('text' in last) || !('text' in event) || last.text.length + event.text.length > maxChars) return undefined;
  if (last.type === 'output.delta' && event.type === 'output.delta' && last.source === event.source) {
    return { ...last, text: last.text + event.text };
  }
  if (
    (last.type === 'text.delta' || last.type === 'reasoning.delta') &&
    last.type === event.type &&
    last.messageId === event.messageId
  ) {
    return { ...last, text: last.text + event.text };
  }
  if (last.type === 'tool.delta' && event.type === 'tool.delta' && last.callId === event.callId) {
    return event.mode === 'replace' ? event : { ...last, text: last.text + event.text };
  }
  return undefined;
}
