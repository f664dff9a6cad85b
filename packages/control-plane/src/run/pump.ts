import { deltaTypes, type SessionEvent, type SourceBatch } from '@runtime/contracts/adapter';

export interface PumpOptions {
  /** Appends one batch; resolves when it is acknowledged. Calls do not overlap. */
  readonly append: (batch: SourceBatch) => Promise<void>;
  readonly windowMs: number;
  readonly clock: () => number;
}

const maxBufferedChars = 64 * 1024;
/**
 * Limit for increments that cannot be merged, such as those of two tools that take turns: the log takes 1024 events at
 * once.
 */
const maxBufferedEvents = 512;

/**
 * Moves a source into the log. The first increments after a pause are appended at once; those that follow within the
 * window are merged.
 * Any other event flushes them first, so that the order is the source's. Resolves when the source ends, throws what it
 * throws.
 */
export async function pump(source: AsyncIterable<SourceBatch>, options: PumpOptions): Promise<void> {
  let waiting: SessionEvent[] = [];
  let chars = 0;
  let cursor = '';
  let lastFlush = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();
  let failed: { readonly error: unknown } | undefined;

  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return flushing;
    const batch: SourceBatch = { cursor, events: waiting };
    waiting = [];
    chars = 0;
    lastFlush = options.clock();
    flushing = flushing.then(() => options.append(batch));
    return flushing;
  };
  const flushLater = (): void => {
    timer ??= setTimeout(() => {
      flush().catch((error: unknown) => {
        failed ??= { error };
      });
    }, options.windowMs);
  };

  const move = async (): Promise<void> => {
    for await (const batch of source) {
      if (failed) throw failed.error;
      if (batch.events.length === 0) continue;
      const increments = batch.events.every((event) => deltaTypes.has(event.type));
      if (!increments) {
        await flush();
        await options.append(batch);
        lastFlush = -Infinity;
        continue;
      }
      if (waiting.length + batch.events.length > maxBufferedEvents) await flush();
      for (const event of batch.events) chars += addDelta(waiting, event);
      cursor = batch.cursor;
      if (chars >= maxBufferedChars || options.clock() - lastFlush >= options.windowMs) await flush();
      else flushLater();
    }
  };
  try {
    await move();
  } finally {
    // What was read is appended, also when the source breaks off.
    if (!failed) await flush();
    clearTimeout(timer);
  }
  if (failed) throw failed.error;
}

/** Adds an increment, merged into the last one where both belong together. Returns the number of characters added. */
function addDelta(waiting: SessionEvent[], event: SessionEvent): number {
  if (!('text' in event) || event.type === 'message.completed') return 0;
  const last = waiting.at(-1);
  const merged = last && merge(last, event);
  if (merged) waiting[waiting.length - 1] = merged;
  else waiting.push(event);
  return event.text.length;
}

function merge(last: SessionEvent, event: SessionEvent): SessionEvent | undefined {
  if (!('text' in last) || !('text' in event) || last.text.length + event.text.length > maxBufferedChars)
    return undefined;
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
