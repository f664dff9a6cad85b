import { expect, it } from 'vitest';
import { nextAttempt } from '../../src/attempt/next-attempt.ts';
import { fold, submitted } from '../support/states.ts';

it('a clock that was set back does not delay a task that was submitted before', async () => {
  const state = fold([submitted()]);
  expect(nextAttempt({ ...state, submittedAt: 5_000_000 })?.notBefore).toBe(0);
});
