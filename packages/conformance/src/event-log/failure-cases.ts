import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { collect, errorOf, type Verifier } from './suite.ts';

export function failureCases(verifier: Verifier): void {
  verifier.verifies('failure.none', async (log) => {
    let failed = false;
    void log.failed.then(() => (failed = true));
    await log.append('s', [{ type: 'x' }]);
    await errorOf(log.append('s', [{ type: 'x' }], { expected: 7 }));
    await errorOf(log.append('s', []));
    expect(log.failure).toBeUndefined();
    await log.append('s', [{ type: 'y' }]);
    await log.close();
    expect([log.failure, failed]).toEqual([undefined, false]);
  });
}

export function fenceCases(verifier: Verifier): void {
  verifier.verifies('fence.refuses', async (log, subject) => {
    await log.append('s', [{ type: 'first' }]);
    const next = await subject.takeOver();
    expect(next.epoch).toBeGreaterThan(log.epoch);
    await next.append('s', [{ type: 'next' }], { expected: 1 });
    const error = await errorOf(log.append('s', [{ type: 'late' }]));
    expect(['OUTCOME_UNKNOWN', 'CONFLICT']).toContain(error.code);
    expect(error.details).toMatchObject({ poisoned: true });
    expect(log.failure).toMatchObject({ code: 'CONFLICT', details: { poisoned: true } });
    expect(await log.failed).toBe(log.failure);
    expect((await errorOf(log.append('s', [{ type: 'later' }]))).code).toBe('CONFLICT');
    await next.append('s', [{ type: 'end' }], { expected: 2 });
    expect((await collect(next)).map((event) => event.type)).toEqual(['first', 'next', 'end']);
  });
  verifier.verifies('fence.notices', async (log, subject) => {
    await log.append('s', [{ type: 'first' }]);
    await subject.takeOver();
    expect(await log.failed).toMatchObject({ code: 'CONFLICT' });
  });
  verifier.verifies('fence.confirms', async (log, subject) => {
    await log.confirmWriter();
    await subject.takeOver();
    expect(await errorOf(log.confirmWriter())).toMatchObject({ code: 'CONFLICT', details: { poisoned: true } });
  });
  verifier.verifies('fence.keeps', async (log, subject) => {
    const kept: unknown[] = [];
    const appending = async () => {
      for (let n = 0; ; n += 1) {
        await log.append('s', [{ type: 'x', n }], { ack: n % 2 === 0 ? 'durable' : 'written' });
        kept.push(n);
        // A log in memory would leave no turn for the other writer.
        await turn();
      }
    };
    const refused = errorOf(appending());
    while (kept.length < 20) await turn();
    const next = await subject.takeOver();
    await refused;
    await next.append('s', [{ type: 'y' }]);
    await log.close();
    await next.close();
    const there = new Set((await collect(await subject.open())).map((event) => event['n']));
    expect(kept.filter((n) => !there.has(n))).toEqual([]);
  });
}
