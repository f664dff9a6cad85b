import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Sweep } from '../../src/source/sweep.ts';

it('makes all looks in one wake, at once where it is asked to, and none when nobody wants one', async () => {
  const sweep = new Sweep(5);
  const looked: string[] = [];
  const forget = ['a', 'b'].map((name) => sweep.add(() => looked.push(name)));
  while (looked.length < 4) await delay(1);
  expect(looked.slice(0, 4)).toEqual(['a', 'b', 'a', 'b']);
  for (const each of forget) each();
  const before = looked.length;
  await delay(20);
  sweep.now();
  expect(looked).toHaveLength(before);
});
