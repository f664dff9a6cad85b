import { setTimeout as sleep } from 'node:timers/promises';
import { deltaTypes, type SessionEvent, type SourceBatch } from '@runtime/contracts/adapter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pump } from '../../src/run/pump.ts';

const text = (messageId: string, words: string): SessionEvent => ({ type: 'text.delta', messageId, text: words });
const events: fc.Arbitrary<SessionEvent> = fc.oneof(
  fc.tuple(fc.constantFrom('a', 'b'), fc.string({ maxLength: 5 })).map(([id, words]) => text(id, words)),
  fc.string({ maxLength: 5 }).map((words): SessionEvent => ({ type: 'reasoning.delta', messageId: 'a', text: words })),
  fc
    .tuple(fc.constantFrom('stdout' as const, 'stderr' as const), fc.string({ maxLength: 5 }))
    .map(([source, words]): SessionEvent => ({ type: 'output.delta', source, text: words })),
  fc
    .tuple(fc.constantFrom('append' as const, 'replace' as const), fc.string({ maxLength: 5 }))
    .map(([mode, words]): SessionEvent => ({ type: 'tool.delta', callId: 'c', mode, text: words })),
  fc.constant<SessionEvent>({ type: 'message.completed', messageId: 'a', text: 'all' }),
  fc.constant<SessionEvent>({ type: 'turn.started', turnId: '1' }),
);
const sources = fc.array(
  fc.record({ events: fc.array(events, { maxLength: 4 }), pauseMs: fc.constantFrom(0, 0, 0, 1, 4) }),
  { maxLength: 12 },
);

async function* source(
  batches: readonly { events: readonly SessionEvent[]; pauseMs: number }[],
): AsyncIterable<SourceBatch> {
  for (const [index, batch] of batches.entries()) {
    if (batch.pauseMs > 0) await sleep(batch.pauseMs);
    yield { cursor: String(index + 1), events: batch.events };
  }
}

/** What a reader makes of events: texts joined as long as nothing comes between them, and all the rest as it is. */
function meaning(all: readonly SessionEvent[]): unknown[] {
  const seen: { kind: string; text: string }[] = [];
  const rest: unknown[] = [];
  for (const event of all) {
    if (!deltaTypes.has(event.type) || !('text' in event)) {
      rest.push(event);
      seen.length = 0;
      continue;
    }
    const kind = JSON.stringify({ ...event, text: '', mode: '' });
    const last = seen.at(-1);
    const replaces = event.type === 'tool.delta' && event.mode === 'replace';
    if (last?.kind === kind) last.text = replaces ? event.text : last.text + event.text;
    else {
      const next = { kind, text: event.text };
      seen.push(next);
      rest.push(next);
    }
  }
  return rest;
}

describe('the pump from a source into the log', () => {
  it('keeps order and text, and ends at the last cursor, however the source pauses and however slow the log is', async () => {
    await fc.assert(
      fc.asyncProperty(
        sources,
        fc.constantFrom(0, 2),
        fc.constantFrom(0, 2, 1000),
        async (batches, appendMs, windowMs) => {
          const appended: SourceBatch[] = [];
          let overlapping = 0;
          await pump(source(batches), {
            append: async (batch) => {
              expect((overlapping += 1)).toBe(1);
              if (appendMs > 0) await sleep(appendMs);
              appended.push(batch);
              overlapping -= 1;
            },
            windowMs,
            clock: () => performance.now(),
          });
          expect(meaning(appended.flatMap((batch) => batch.events))).toEqual(
            meaning(batches.flatMap((each) => each.events)),
          );
          const cursors = appended.map(({ cursor }) => Number(cursor));
          expect(cursors).toEqual(cursors.toSorted((a, b) => a - b));
          const last = batches.findLastIndex((each) => each.events.length > 0);
          expect(cursors.at(-1)).toBe(last < 0 ? undefined : last + 1);
          // Records that hold more than increments are appended whole, each by itself.
          for (const { events: whole } of batches.filter((each) =>
            each.events.some(({ type }) => !deltaTypes.has(type)),
          )) {
            expect(appended.some((batch) => batch.events === whole)).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('sends the first increment at once, and those that follow within the window together', async () => {
    const appended: SourceBatch[] = [];
    let now = 0;
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    async function* words(): AsyncIterable<SourceBatch> {
      yield { cursor: '1', events: [text('m', 'one ')] };
      expect(appended).toHaveLength(1);
      yield { cursor: '2', events: [text('m', 'two ')] };
      yield { cursor: '3', events: [text('m', 'three')] };
      expect(appended).toHaveLength(1);
      await gate;
    }
    const pumping = pump(words(), {
      append: async (batch) => {
        appended.push(batch);
      },
      windowMs: 5,
      clock: () => (now += 1),
    });
    await expect.poll(() => appended.length).toBe(2);
    expect(appended[1]).toEqual({ cursor: '3', events: [text('m', 'two three')] });
    go();
    await pumping;
    expect(appended).toHaveLength(2);
  });

  it('does not gather more than it should before it writes', async () => {
    const appended: SourceBatch[] = [];
    async function* flood(): AsyncIterable<SourceBatch> {
      for (let n = 1; n <= 40; n += 1) yield { cursor: String(n), events: [text('m', 'x'.repeat(10_000))] };
    }
    await pump(flood(), {
      append: async (batch) => {
        appended.push(batch);
      },
      windowMs: 60_000,
      clock: () => 0,
    });
    const sizes = appended.map((batch) =>
      batch.events.reduce((sum, event) => sum + ('text' in event ? event.text.length : 0), 0),
    );
    expect(sizes.reduce((a, b) => a + b)).toBe(400_000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(80_000);
  });

  it('reads no further while the log is busy', async () => {
    let read = 0;
    let release = (): void => undefined;
    const busy = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* tools(): AsyncIterable<SourceBatch> {
      for (; read < 100; read += 1)
        yield { cursor: String(read), events: [{ type: 'turn.started', turnId: String(read) }] };
    }
    const pumping = pump(tools(), { append: () => busy, windowMs: 5, clock: () => 0 });
    await sleep(20);
    expect(read).toBe(0);
    release();
    await pumping;
    expect(read).toBe(100);
  });

  it('throws what the source throws, after what came before it is written', async () => {
    const appended: SourceBatch[] = [];
    const broken = new Error('half a line');
    async function* breaking(): AsyncIterable<SourceBatch> {
      yield { cursor: '1', events: [text('m', 'a')] };
      yield { cursor: '2', events: [text('m', 'b')] };
      throw broken;
    }
    const options = {
      append: async (batch: SourceBatch) => {
        appended.push(batch);
      },
      windowMs: 1000,
      clock: () => 0,
    };
    await expect(pump(breaking(), options)).rejects.toBe(broken);
    expect(appended.flatMap((batch) => batch.events)).toEqual([text('m', 'a'), text('m', 'b')]);
  });

  it('throws what the log throws, also from the timer, and leaves no promise behind', async () => {
    const full = new Error('no room');
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    let appends = 0;
    async function* slow(): AsyncIterable<SourceBatch> {
      yield { cursor: '1', events: [text('m', 'a')] };
      yield { cursor: '2', events: [text('m', 'b')] };
      await gate;
      yield { cursor: '3', events: [text('m', 'c')] };
    }
    const pumping = pump(slow(), {
      append: () => ((appends += 1) === 1 ? Promise.resolve() : Promise.reject(full)),
      windowMs: 1,
      clock: () => 0,
    });
    await expect.poll(() => appends).toBe(2);
    go();
    await expect(pumping).rejects.toBe(full);
  });

  it('appends no more increments at once than the log takes, merged or not', async () => {
    const batches = Array.from({ length: 3000 }, (_, index) => ({
      events: [text(index % 2 === 0 ? 'a' : 'b', 'x')],
      pauseMs: 0,
    }));
    const sizes: number[] = [];
    const append = async (batch: SourceBatch): Promise<void> => void sizes.push(batch.events.length);
    await pump(source(batches), { append, windowMs: 60_000, clock: () => 1 });
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(3000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024);
  });
});
