import { describe, expect, it } from 'vitest';
import { nextAttempt } from '../../src/task/next-attempt.ts';
import { fold, submitted } from '../support/states.ts';

describe('a clock that was set back', () => {
  it('does not hold up what was submitted before', async () => {
    const state = fold([submitted()]);
    expect(nextAttempt({ ...state, submittedAt: 5_000_000 })?.notBefore).toBe(0);
  });
});
