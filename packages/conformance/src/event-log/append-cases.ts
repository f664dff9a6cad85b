import { maxAppendBytes, maxAppendEvents, type NewEvent } from '@runtime/contracts/log';
import { expect } from 'vitest';
import { collect, errorOf, positions, type Verifier } from './suite.ts';

export function appendCases(verifier: Verifier): void {
  orderCases(verifier);
  contentCases(verifier);
  refusalCases(verifier);
  signalCases(verifier);
}

function orderCases(verifier: Verifier): void {
  verifier.verifies('append.positions', async (log) => {
    expect(await log.append('a', [{ type: 'x' }, { type: 'y' }])).toMatchObject({ first: 1, last: 2, revision: 2 });
    expect(await log.append('b', [{ type: 'x' }])).toMatchObject({ first: 3, last: 3, revision: 1 });
    expect(await log.append('a', [{ type: 'z' }])).toMatchObject({ first: 4, last: 4, revision: 3 });
    expect(log.head).toBe(4);
    expect([log.revision('a'), log.revision('b'), log.revision('c')]).toEqual([3, 1, 0]);
  });
  verifier.verifies('append.call-order', async (log) => {
    const acks = ['durable', 'written'] as const;
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        log.append(`s${n % 7}`, [{ type: 'x', n }], { ack: acks[n % 2] ?? 'durable' }),
      ),
    );
    expect(results.map((result) => result.first)).toEqual(results.map((_, n) => n + 1));
    expect((await collect(log)).map((event) => event['n'])).toEqual(results.map((_, n) => n));
  });
  verifier.verifies('append.written', async (log) => {
    const settled: number[] = [];
    const appends = Array.from({ length: 30 }, async (_, n) => {
      const { last } = await log.append('s', [{ type: 'x' }], { ack: n % 3 === 0 ? 'durable' : 'written' });
      expect(log.head).toBeGreaterThanOrEqual(last);
      settled.push(last);
    });
    await Promise.all(appends);
    expect(settled).toEqual([...settled].sort((a, b) => a - b));
  });
  verifier.verifies('append.expected-race', async (log) => {
    await log.append('s', [{ type: 'x' }]);
    const attempts = await Promise.allSettled(
      Array.from({ length: 5 }, () => log.append('s', [{ type: 'y' }], { expected: 1 })),
    );
    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(1);
    expect(await collect(log)).toHaveLength(2);
  });
}

function contentCases(verifier: Verifier): void {
  verifier.verifies('append.fields', async (log) => {
    const event = {
      type: 'x',
      text: 'line\nfeed, \u2028 separator, "quote" \\ and 日本語 🧪 \u0000',
      lone: '\ud800',
      nested: { list: [1, -2.5, null, true, { crc: 'mine', position: 7 }], empty: {} },
      moreOrLess: 3,
      missing: undefined,
    };
    await log.append('s', [event]);
    const [stored] = await collect(log);
    const { position, stream, revision, time, ...fields } = stored ?? { position: 0, stream: '', revision: 0, time: 0 };
    expect({ position, stream, revision }).toEqual({ position: 1, stream: 's', revision: 1 });
    expect(time).toBeTypeOf('number');
    expect(fields).toEqual(JSON.parse(JSON.stringify(event)));
  });
  verifier.verifies('append.snapshot-of-caller', async (log) => {
    const event = { type: 'x', list: [1] };
    const appended = log.append('s', [event]);
    event.list.push(2);
    await appended;
    event.type = 'y';
    expect(await collect(log)).toMatchObject([{ type: 'x', list: [1] }]);
  });
  verifier.verifies('append.time', async (log) => {
    const { time } = await log.append('s', [{ type: 'x' }, { type: 'y' }, { type: 'z' }]);
    expect((await collect(log)).map((event) => event.time)).toEqual([time, time, time]);
  });
  verifier.verifies('append.given-time', async (log) => {
    expect((await log.append('s', [{ type: 'x' }, { type: 'y' }], { time: 7 })).time).toBe(7);
    await log.append('s', [{ type: 'z' }], { time: 5, ack: 'written' });
    expect((await collect(log)).map((event) => event.time)).toEqual([7, 7, 5]);
    for (const time of [Number.NaN, Infinity]) {
      expect((await errorOf(log.append('s', [{ type: 'x' }], { time }))).code).toBe('INVALID_ARGUMENT');
    }
    expect(log.head).toBe(3);
  });
}

function refusalCases(verifier: Verifier): void {
  verifier.verifies('append.expected', async (log) => {
    await log.append('s', [{ type: 'x' }], { expected: 0 });
    const error = await errorOf(log.append('s', [{ type: 'y' }], { expected: 0 }));
    expect(error.code).toBe('CONFLICT');
    expect(error.details).toMatchObject({ expected: 0, actual: 1 });
    await log.append('s', [{ type: 'z' }], { expected: 1 });
    expect((await collect(log)).map((event) => event.type)).toEqual(['x', 'z']);
  });
  verifier.verifies('append.limits', async (log) => {
    const cyclic: Record<string, unknown> & { type: string } = { type: 'x' };
    cyclic['self'] = cyclic;
    const tooMuch: (readonly NewEvent[])[] = [
      [],
      [{ type: '' }],
      [cyclic],
      [{ type: 'x', big: 1n }],
      [{ type: 'x', position: 3 }],
      [{ type: 'x', time: 3 }],
      [{ type: 'x', toJSON: () => 'x' }],
      Array.from({ length: maxAppendEvents + 1 }, () => ({ type: 'x' })),
      [{ type: 'x', text: 'x'.repeat(maxAppendBytes) }],
    ];
    for (const events of tooMuch) expect((await errorOf(log.append('s', events))).code).toBe('INVALID_ARGUMENT');
    for (const stream of ['', 'a b', 'a"b', 'a\nb', 'x'.repeat(201)]) {
      expect((await errorOf(log.append(stream, [{ type: 'x' }]))).code).toBe('INVALID_ARGUMENT');
    }
    expect((await errorOf(log.append('s', [{ type: 'x' }], { expected: -1 }))).code).toBe('INVALID_ARGUMENT');
    expect(
      await log.append(
        's',
        Array.from({ length: maxAppendEvents }, () => ({ type: 'x' })),
      ),
    ).toMatchObject({ last: maxAppendEvents });
  });
  verifier.verifies('append.refused-leaves-nothing', async (log) => {
    await log.append('s', [{ type: 'x' }]);
    await errorOf(log.append('s', [{ type: 'y' }, { type: '' }]));
    await errorOf(log.append('t', [{ type: 'y' }], { expected: 4 }));
    expect(await log.append('s', [{ type: 'z' }])).toMatchObject({ first: 2, revision: 2 });
    expect(log.revision('t')).toBe(0);
    expect([...log.streams()]).toEqual(['s']);
  });
}

function signalCases(verifier: Verifier): void {
  verifier.verifies('append.signal', async (log) => {
    const controller = new AbortController();
    const appended = log.append('s', [{ type: 'x' }], { signal: controller.signal });
    controller.abort();
    expect((await errorOf(appended)).code).toBe('CANCELLED');
    await log.append('s', [{ type: 'y' }]);
    expect(positions(await collect(log))).toEqual([1, 2]);
  });
  verifier.verifies('append.aborted', async (log) => {
    expect((await errorOf(log.append('s', [{ type: 'x' }], { signal: AbortSignal.abort() }))).code).toBe('CANCELLED');
    expect(await log.append('s', [{ type: 'y' }])).toMatchObject({ first: 1 });
  });
}
