import { expect } from 'vitest';
import { errorOf, type Verifier } from './suite.ts';

export function snapshotCases(verifier: Verifier): void {
  verifier.verifies('snapshot.round-trip', async (log) => {
    await log.append('s', [{ type: 'x' }], { ack: 'written' });
    const snapshot = { version: 'v1', position: 1, state: { tasks: { a: [1, 'ä', null] } } };
    await log.writeSnapshot('plane', snapshot);
    expect(await log.readSnapshot('plane', 'v1')).toEqual(snapshot);
    await log.writeSnapshot('plane', { ...snapshot, state: 2 });
    expect((await log.readSnapshot('plane', 'v1'))?.state).toBe(2);
  });
  verifier.verifies('snapshot.version', async (log) => {
    await log.writeSnapshot('plane', { version: 'v1', position: 0, state: {} });
    expect(await log.readSnapshot('plane', 'v2')).toBeUndefined();
    expect(await log.readSnapshot('other', 'v1')).toBeUndefined();
  });
  verifier.verifies('snapshot.not-newer', async (log) => {
    await log.append('s', [{ type: 'x' }]);
    expect((await errorOf(log.writeSnapshot('plane', { version: 'v1', position: 2, state: {} }))).code).toBe(
      'INVALID_ARGUMENT',
    );
    expect(await log.readSnapshot('plane', 'v1')).toBeUndefined();
  });
}
