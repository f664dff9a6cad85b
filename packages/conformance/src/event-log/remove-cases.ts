import type { EventLog, StoredEvent } from '@runtime/contracts/log';
import { expect } from 'vitest';
import { collect, errorOf, positions, take, type Verifier } from './suite.ts';

const streams = ['task/a', 'task/b', 'plane'] as const;

/** Events of three streams in turns, in batches of one to three. */
async function fill(log: EventLog, batches: number, from = 0): Promise<void> {
  for (let n = from; n < from + batches; n += 1) {
    const events = Array.from({ length: 1 + (n % 3) }, (_, at) => ({ type: 'x', n, at, pad: 'x'.repeat(n % 120) }));
    const written = log.append(streams[n % 3] ?? 'plane', events, { ack: n % 2 === 0 ? 'written' : 'durable' });
    if (n % 4 === 0) await written;
  }
  await log.append('plane', [{ type: 'filled' }]);
}

const without = (events: readonly StoredEvent[], ...gone: readonly string[]): StoredEvent[] =>
  events.filter(({ stream }) => !gone.includes(stream));

export function removeCases(verifier: Verifier): void {
  verifier.verifies('remove.gone', async (log) => {
    await fill(log, 90);
    const before = await collect(log);
    const removed = await log.removeStreams(['task/a']);
    expect(removed.events).toBe(before.filter(({ stream }) => stream === 'task/a').length);
    expect(removed.bytes).toBeGreaterThan(0);
    expect(await collect(log)).toEqual(without(before, 'task/a'));
    expect(await collect(log, { stream: 'task/a' })).toEqual([]);
    expect(await collect(log, { stream: 'task/b' })).toEqual(before.filter(({ stream }) => stream === 'task/b'));
    expect(log.revision('task/a')).toBe(0);
    expect([...log.streams('task/')]).toEqual(['task/b']);
  });
  verifier.verifies('remove.repeatable', async (log) => {
    await fill(log, 30);
    await log.removeStreams(['task/a']);
    const left = await collect(log);
    expect(await log.removeStreams(['task/a', 'task/none'])).toMatchObject({ events: 0 });
    expect(await collect(log)).toEqual(left);
  });
  verifier.verifies('remove.anew', async (log) => {
    await fill(log, 30);
    const { head } = log;
    await log.removeStreams(['task/a']);
    expect(await log.append('task/a', [{ type: 'y' }], { expected: 0 })).toMatchObject({
      first: head + 1,
      revision: 1,
    });
    expect((await collect(log, { stream: 'task/a' })).map(({ type }) => type)).toEqual(['y']);
  });
  verifier.verifies('remove.cursor', async (log) => {
    await fill(log, 60);
    const before = await collect(log);
    await log.removeStreams(['task/a', 'plane']);
    const left = without(before, 'task/a', 'plane');
    for (const position of positions(before)) {
      const after = log.cursor(position);
      expect(await collect(log, { after })).toEqual(left.filter((event) => event.position > position));
    }
  });
  verifier.verifies('remove.beside-appends', async (log) => {
    await fill(log, 60);
    const before = await collect(log);
    const removing = log.removeStreams(['task/a']);
    const appended = Array.from({ length: 50 }, (_, n) => log.append('task/b', [{ type: 'later', n }]));
    await Promise.all([removing, ...appended]);
    const events = await collect(log);
    expect(events.slice(0, -50)).toEqual(without(before, 'task/a'));
    expect(events.slice(-50).map((event) => event['n'])).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });
  verifier.verifies('remove.two', async (log) => {
    await fill(log, 60);
    const before = await collect(log);
    await Promise.all([log.removeStreams(['task/a']), log.removeStreams(['task/b'])]);
    expect(await collect(log)).toEqual(without(before, 'task/a', 'task/b'));
  });
  verifier.verifies('remove.reader', async (log) => {
    await fill(log, 120);
    const before = await collect(log);
    const seen: StoredEvent[] = [];
    let removing: Promise<unknown> | undefined;
    for await (const events of log.read()) {
      seen.push(...events);
      removing ??= log.removeStreams(['task/a']);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await removing;
    expect(without(seen, 'task/a')).toEqual(without(before, 'task/a'));
    expect(positions(seen)).toEqual(positions(seen).toSorted((a, b) => a - b));
  });
  verifier.verifies('remove.follower', async (log) => {
    await fill(log, 30);
    const count = without(await collect(log), 'task/a').length;
    const following = take(log, count + 3, { after: log.cursor(0) });
    await log.removeStreams(['task/a']);
    const { head } = log;
    await log.append('task/b', [{ type: 'y' }, { type: 'y' }, { type: 'y' }]);
    const seen = await following;
    expect(new Set(positions(seen)).size).toBe(seen.length);
    if (seen.every(({ stream }) => stream !== 'task/a')) expect(seen.at(-1)?.position).toBe(head + 3);
  });
  verifier.verifies('remove.aborted', async (log) => {
    await fill(log, 30);
    const before = await collect(log);
    expect((await errorOf(log.removeStreams(['task/a'], { signal: AbortSignal.abort() }))).code).toBe('CANCELLED');
    expect(await collect(log)).toEqual(before);
  });
}

export function reopenRemovedCases(verifier: Verifier): void {
  verifier.verifies('reopen.removed', async (log, subject) => {
    let open = log;
    await fill(open, 60);
    for (const gone of ['task/a', 'task/b']) {
      const before = await collect(open);
      await open.removeStreams([gone]);
      await open.close();
      open = await subject.open();
      expect(await collect(open)).toEqual(without(before, gone));
      expect(open.revision(gone)).toBe(0);
      await fill(open, 20, 2);
    }
    expect(await collect(open, { stream: 'task/a' })).not.toEqual([]);
    const last = await collect(open);
    await open.close();
    expect(await collect(await subject.open())).toEqual(last);
  });
}
