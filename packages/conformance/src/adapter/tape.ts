import type { RuntimeCapabilities } from '@runtime/contracts';
import type { ReadEventsOptions, RuntimeSession, SessionEvent, SourceBatch } from '@runtime/contracts/adapter';

/** Records the events of a session in the background while a case does other things. */
export class Tape {
  readonly batches: SourceBatch[] = [];
  readonly #reading = new AbortController();
  readonly #done: Promise<void>;
  readonly #patienceMs: number;
  readonly #watchers = new Set<() => void>();
  #hasEnded = false;

  constructor(session: RuntimeSession, patienceMs: number, options: Omit<ReadEventsOptions, 'signal'>) {
    this.#patienceMs = patienceMs;
    this.#done = this.#record(session, options);
    // `until` and `end` report the failure; an unhandled rejection would end the test process.
    this.#done.catch(() => {});
  }

  get events(): SessionEvent[] {
    return this.batches.flatMap((batch) => batch.events);
  }

  get lastCursor(): string | undefined {
    return this.batches.at(-1)?.cursor;
  }

  /** Resolves once the events so far satisfy `test`. Throws when the events end first, or after `patienceMs`. */
  async until(what: string, test: (events: SessionEvent[]) => boolean): Promise<void> {
    await this.#within(what, async () => {
      while (!test(this.events)) {
        if (this.#hasEnded) {
          await this.#done;
          throw new Error(`the events ended before ${what}: ${this.summary()}`);
        }
        await new Promise<void>((resolve) => this.#watchers.add(resolve));
      }
    });
  }

  /** Waits for the iteration to end by itself. Throws what the iteration threw. */
  async end(): Promise<void> {
    await this.#within('the end of the events', () => this.#done);
  }

  /** Aborts the reading and waits for the iteration to end. Throws what the iteration threw. */
  async stopReading(): Promise<void> {
    this.#reading.abort();
    await this.#within('the end of an aborted reading', () => this.#done);
  }

  /** The types of the events so far, for error messages. */
  summary(): string {
    return this.events.map((event) => event.type).join(' ') || 'no events';
  }

  async #record(session: RuntimeSession, options: Omit<ReadEventsOptions, 'signal'>): Promise<void> {
    try {
      for await (const batch of session.events({ ...options, signal: this.#reading.signal })) {
        this.batches.push(batch);
        this.#wake();
      }
    } finally {
      this.#hasEnded = true;
      this.#wake();
    }
  }

  #wake(): void {
    for (const resolve of this.#watchers) resolve();
    this.#watchers.clear();
  }

  async #within(what: string, work: () => Promise<void>): Promise<void> {
    await within(this.#patienceMs, `waited for ${what}`, work, () => this.summary());
  }
}

/** Waits for the work, at most `ms`. The timeout error says what was waited for and what was `seen` until then. */
export async function within<T>(
  ms: number,
  what: string,
  work: () => Promise<T>,
  seen: () => string = () => '',
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} for ${ms} ms; seen: ${seen()}`)), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** All text of the agent: its messages, or its stdout and screen where `capabilities.events` is `output`. */
export function spoken(events: readonly SessionEvent[], capabilities: Pick<RuntimeCapabilities, 'events'>): string {
  return events
    .map((event) => {
      if (capabilities.events === 'structured') return event.type === 'text.delta' ? event.text : '';
      return event.type === 'output.delta' && event.source !== 'stderr' ? event.text : '';
    })
    .join('');
}

/**
 * Events in the form in which two readings of the same source must be equal. Consecutive increments are joined,
 * because an adapter may cut them as it likes; raw output is listed apart, because its order to other events is free.
 */
export function canonical(events: readonly SessionEvent[]): {
  events: SessionEvent[];
  output: Record<string, SessionEvent[]>;
} {
  const output: Record<string, SessionEvent[]> = {};
  const rest: SessionEvent[] = [];
  for (const event of events) {
    const raw = event.type === 'output.delta' || event.type === 'output.gap' || event.type === 'output.quarantined';
    const list = raw ? (output[`${event.type} ${event.source}`] ??= []) : rest;
    const merged = merge(list.at(-1), event);
    if (merged) list[list.length - 1] = merged;
    else list.push(event);
  }
  return { events: rest, output };
}

function merge(last: SessionEvent | undefined, next: SessionEvent): SessionEvent | undefined {
  if (last?.type === 'output.delta' && next.type === 'output.delta' && last.source === next.source)
    return { ...last, text: last.text + next.text };
  if (last?.type === 'text.delta' && next.type === 'text.delta' && last.messageId === next.messageId)
    return { ...last, text: last.text + next.text };
  if (last?.type === 'reasoning.delta' && next.type === 'reasoning.delta' && last.messageId === next.messageId)
    return { ...last, text: last.text + next.text };
  if (last?.type === 'tool.delta' && next.type === 'tool.delta' && last.callId === next.callId)
    return next.mode === 'append' && last.mode === 'append' ? { ...last, text: last.text + next.text } : undefined;
  return undefined;
}
