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
])('%s is refused, because its line would be no event', async (_, event) => {
  const log = await openOn(new FaultFs());
  expect((await errorOf(log.append('a', [{ type: 'good' }, event as { type: string }]))).code).toBe('INVALID_ARGUMENT');
  expect(await collect(log)).toEqual([]);
  await log.close();
});

test('a clock that gives no number is refused at the append, before its line is written', async () => {
  let time = 5;
  const log = await openOn(new FaultFs(), { clock: () => time });
  await log.append('a', [{ type: 'x' }]);
  time = Number.NaN;
  expect((await errorOf(log.append('a', [{ type: 'y' }]))).code).toBe('INVALID_ARGUMENT');
  expect(await collect(log)).toHaveLength(1);
  time = 6;
  await log.close();
});
