import type { EventLog, StoredEvent } from '@runtime/contracts/log';
import { expect } from 'vitest';
import { collect, errorOf, positions, take, type Verifier } from './suite.ts';

export function readCases(verifier: Verifier): void {
  pastCases(verifier);
  selectionCases(verifier);
  followCases(verifier);
  endingCases(verifier);
}

async function fill(log: EventLog, count: number): Promise<void> {
  const appends = Array.from({ length: count }, (_, n) =>
    log.append(`s${n % 3}`, [{ type: 'x', n, pad: 'x'.repeat(n % 300) }]),
  );
  await Promise.all(appends);
}

function pastCases(verifier: Verifier): void {
  verifier.verifies('read.visible', async (log) => {
    for (let n = 1; n <= 5; n += 1) {
      await log.append('s', [{ type: 'x' }], { ack: n % 2 === 0 ? 'written' : 'durable' });
      expect(await collect(log)).toHaveLength(n);
    }
  });
  verifier.verifies('read.whole-batch', async (log) => {
    const sizes = [1, 7, 3, 50, 2, 1, 9];
    const ends = new Set<number>();
    const looks = sizes.map(async (size) => {
      const { last } = await log.append(
        's',
        Array.from({ length: size }, () => ({ type: 'x' })),
      );
      ends.add(last);
      const events = await collect(log);
      expect(events.length).toBeGreaterThanOrEqual(last);
      return events.length;
    });
    for (const length of await Promise.all(looks)) expect(ends).toContain(length);
  });
  verifier.verifies('read.batches', async (log) => {
    await fill(log, 3000);
    const events = await collect(log);
    expect(positions(events)).toEqual(Array.from({ length: 3000 }, (_, n) => n + 1));
    expect(events.every((event, n) => event['n'] === n)).toBe(true);
  });
  verifier.verifies('read.break', async (log) => {
    await fill(log, 20);
    for await (const batch of log.read()) {
      expect(batch[0]?.position).toBe(1);
      break;
    }
    expect(await collect(log)).toHaveLength(20);
  });
  verifier.verifies('read.aborted', async (log) => {
    await fill(log, 3);
    expect((await errorOf(collect(log, { signal: AbortSignal.abort() }))).code).toBe('CANCELLED');
  });
}

function selectionCases(verifier: Verifier): void {
  verifier.verifies('read.stream', async (log) => {
    await fill(log, 900);
    const events = await collect(log, { stream: 's1' });
    expect(events.map((event) => event.revision)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
    expect(new Set(events.map((event) => event.stream))).toEqual(new Set(['s1']));
  });
  verifier.verifies('read.missing-stream', async (log) => {
    await fill(log, 9);
    expect(await collect(log, { stream: 's' })).toEqual([]);
    expect(await collect(log, { stream: 's11' })).toEqual([]);
  });
  verifier.verifies('read.after', async (log) => {
    await fill(log, 100);
    const all = await collect(log);
    for (const position of [0, 1, 2, 50, 99, 100]) {
      expect(await collect(log, { after: log.cursor(position) })).toEqual(all.slice(position));
      const ofStream = all.slice(position).filter((event) => event.stream === 's2');
      expect(await collect(log, { after: log.cursor(position), stream: 's2' })).toEqual(ofStream);
    }
    expect(await collect(log, { after: 'now' })).toEqual([]);
  });
  verifier.verifies('streams.once', async (log) => {
    for (const stream of ['task/b', 'plane', 'task/a', 'runtime/pi', 'task/b'])
      await log.append(stream, [{ type: 'x' }]);
    expect([...log.streams()].toSorted()).toEqual(['plane', 'runtime/pi', 'task/a', 'task/b']);
    expect([...log.streams('task/')].toSorted()).toEqual(['task/a', 'task/b']);
  });
}

function followCases(verifier: Verifier): void {
  verifier.verifies('follow.later', async (log) => {
    await fill(log, 5);
    const following = take(log, 30);
    for (let n = 0; n < 25; n += 1)
      await log.append('s', [{ type: 'x' }], { ack: n % 2 === 0 ? 'written' : 'durable' });
    expect(positions(await following)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  });
  verifier.verifies('follow.now', async (log) => {
    await fill(log, 5);
    const iterator = log.read({ follow: true, after: 'now' })[Symbol.asyncIterator]();
    const next = iterator.next();
    // The read begins with its first pull: events appended after it are later than `now`.
    await log.append('s', [{ type: 'later' }]);
    expect((await next).value).toMatchObject([{ type: 'later', position: 6 }]);
    await iterator.return?.();
  });
  verifier.verifies('follow.stream', async (log) => {
    const following = take(log, 3, { stream: 'mine' });
    for (let n = 0; n < 3; n += 1) {
      await log.append('other', [{ type: 'x' }, { type: 'x' }]);
      await log.append('mine', [{ type: 'x', n }]);
    }
    expect((await following).map((event) => event['n'])).toEqual([0, 1, 2]);
  });
  verifier.verifies('follow.slow', async (log) => {
    await fill(log, 10);
    const seen: StoredEvent[] = [];
    for await (const batch of log.read({ follow: true })) {
      seen.push(...batch);
      // Nothing is pulled meanwhile, and every append is acknowledged all the same.
      if (log.head < 400) await fill(log, 100);
      if (seen.length >= 410) break;
    }
    expect(positions(seen)).toEqual(Array.from({ length: 410 }, (_, n) => n + 1));
  });
  verifier.verifies('follow.two', async (log) => {
    await fill(log, 10);
    const early = take(log, 20);
    const late = take(log, 15, { after: log.cursor(5) });
    await fill(log, 10);
    expect(positions(await early)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(positions(await late)).toEqual(Array.from({ length: 15 }, (_, n) => n + 6));
  });
}

function endingCases(verifier: Verifier): void {
  verifier.verifies('follow.signal', async (log) => {
    await fill(log, 3);
    const controller = new AbortController();
    const following = collect(log, { follow: true, signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    expect(await following).toHaveLength(3);
    expect(await collect(log, { follow: true, signal: controller.signal })).toEqual([]);
  });
  verifier.verifies('follow.close', async (log) => {
    await fill(log, 3);
    const following = collect(log, { follow: true });
    setTimeout(() => void log.close(), 10);
    expect(await following).toHaveLength(3);
  });
}
