import { expect } from 'vitest';
import { collect, errorOf, type Verifier } from './suite.ts';

export function closeCases(verifier: Verifier): void {
  verifier.verifies('close.waits', async (log) => {
    const appends = Array.from({ length: 20 }, () => log.append('s', [{ type: 'x' }], { ack: 'written' }));
    await log.close();
    expect((await Promise.all(appends)).at(-1)?.last).toBe(20);
  });
  verifier.verifies('writer.confirmed', async (log) => {
    await log.confirmWriter();
    await log.append('s', [{ type: 'x' }]);
    await log.confirmWriter();
  });
  verifier.verifies('close.repeatable', async (log) => {
    await Promise.all([log.close(), log.close()]);
    await log.close();
    await log[Symbol.asyncDispose]();
  });
  verifier.verifies('close.after', async (log) => {
    await log.append('s', [{ type: 'x' }]);
    await log.close();
    expect((await errorOf(log.append('s', [{ type: 'x' }]))).code).toBe('UNAVAILABLE');
    expect((await errorOf(log.confirmWriter())).code).toBe('UNAVAILABLE');
    expect((await errorOf(collect(log))).code).toBe('UNAVAILABLE');
    expect((await errorOf(collect(log, { follow: true }))).code).toBe('UNAVAILABLE');
    expect((await errorOf(log.writeSnapshot('s', { version: '1', position: 0, state: 0 }))).code).toBe('UNAVAILABLE');
  });
}

export function reopenCases(verifier: Verifier): void {
  verifier.verifies('reopen.everything', async (log, subject) => {
    for (let n = 0; n < 10; n += 1)
      await log.append(`s${n % 2}`, [{ type: 'x', n }, { type: 'y' }], { ack: n % 2 === 0 ? 'written' : 'durable' });
    const before = await collect(log);
    await log.close();
    const again = await subject.open();
    expect(await collect(again)).toEqual(before);
    expect(again.logId).toBe(log.logId);
    expect([...again.streams()].toSorted()).toEqual(['s0', 's1']);
  });
  verifier.verifies('reopen.epoch', async (log, subject) => {
    await log.close();
    const second = await subject.open();
    await second.close();
    const third = await subject.open();
    expect(second.epoch).toBeGreaterThan(log.epoch);
    expect(third.epoch).toBeGreaterThan(second.epoch);
  });
  verifier.verifies('reopen.cursor', async (log, subject) => {
    await log.append('s', [{ type: 'x' }, { type: 'y' }]);
    const cursor = log.cursor(1);
    await log.close();
    const again = await subject.open();
    await again.append('s', [{ type: 'z' }]);
    expect((await collect(again, { after: cursor })).map((event) => event.type)).toEqual(['y', 'z']);
    expect(again.cursor(1)).toBe(cursor);
  });
  verifier.verifies('reopen.expected', async (log, subject) => {
    await log.append('s', [{ type: 'x' }, { type: 'y' }]);
    await log.close();
    const again = await subject.open();
    expect((await errorOf(again.append('s', [{ type: 'z' }], { expected: 1 }))).code).toBe('CONFLICT');
    expect(await again.append('s', [{ type: 'z' }], { expected: 2 })).toMatchObject({ first: 3, revision: 3 });
  });
  verifier.verifies('reopen.snapshot', async (log, subject) => {
    await log.append('s', [{ type: 'x' }]);
    const snapshot = { version: 'v1', position: 1, state: { a: 1 } };
    await log.writeSnapshot('plane', snapshot);
    await log.close();
    const again = await subject.open();
    expect(await again.readSnapshot('plane', 'v1')).toEqual(snapshot);
  });
}
