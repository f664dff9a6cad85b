import { expect, test } from 'vitest';
import { collect, errorOf, FaultFs } from '@runtime/conformance/event-log';
import { openOn } from '../support/fault-log.ts';

class Inherited {
  get type(): string {
    return 'x';
  }
}

test.each([
  ['an array', Object.assign([1], { type: 'x' })],
  ['an object whose type is not its own', new Inherited()],
])('%s is refused: it would leave a line that is no event', async (_, event) => {
  const log = await openOn(new FaultFs());
  expect((await errorOf(log.append('a', [{ type: 'good' }, event as { type: string }]))).code).toBe('INVALID_ARGUMENT');
  expect(await collect(log)).toEqual([]);
  await log.close();
});
