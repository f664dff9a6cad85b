import { formatCursor, parseCursor } from '@runtime/contracts/log';
import { expect } from 'vitest';
import { collect, errorOf, type Verifier } from './suite.ts';

export function cursorCases(verifier: Verifier): void {
  verifier.verifies('cursor.beginning', async (log) => {
    const empty = log.cursor(0);
    await log.append('s', [{ type: 'x' }]);
    expect(await collect(log, { after: empty })).toHaveLength(1);
    expect(await collect(log, { after: log.cursor(0) })).toHaveLength(1);
  });
  verifier.verifies('cursor.foreign', async (log) => {
    await log.append('s', [{ type: 'x' }]);
    const foreign = formatCursor({ ...parseCursor(log.cursor(1)), logId: 'another' });
    const error = await errorOf(collect(log, { after: foreign }));
    expect(error.code).toBe('NOT_FOUND');
    expect(error.details).toMatchObject({ reason: 'foreign' });
    expect(await collect(log, { after: String(error.details?.['nearest']) })).toHaveLength(1);
  });
  verifier.verifies('cursor.future', async (log) => {
    await log.append('s', [{ type: 'x' }]);
    const future = formatCursor({ ...parseCursor(log.cursor(1)), position: 2 });
    const error = await errorOf(collect(log, { after: future }));
    expect(error.code).toBe('NOT_FOUND');
    expect(error.details).toEqual({ reason: 'future', nearest: log.cursor(1) });
    expect(() => log.cursor(2)).toThrow('INVALID_ARGUMENT');
  });
  verifier.verifies('cursor.malformed', async (log) => {
    for (const after of ['', '7', 'c1.x', 'later', `${log.cursor(0)} `]) {
      expect((await errorOf(collect(log, { after }))).code).toBe('INVALID_ARGUMENT');
    }
  });
}
