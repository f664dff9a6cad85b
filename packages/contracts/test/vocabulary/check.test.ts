import { expect, it } from 'vitest';
import { whyCheckFailed } from '../../src/index.ts';
import { checkCauseSchema } from '../../src/vocabulary/check.ts';

it.each([
  [{ exit: { kind: 'exited', code: 7 } }, 'it exited with 7'],
  [{ exit: { kind: 'signaled', signal: 'SIGSEGV' } }, 'it was ended by SIGSEGV'],
  [{ exit: { kind: 'unknown', why: 'nobody saw it' } }, 'how it ended is unknown'],
  [{}, 'how it ended is unknown'],
  // A process that was stopped has an exit as well.
  [{ cause: 'timeout', exit: { kind: 'signaled', signal: 'SIGTERM' } }, 'it took too long'],
  [{ cause: 'unavailable', message: 'argument list too long' }, 'it could not be run: argument list too long'],
] as const)('why a check failed, of %j, is in words', (ended, words) => {
  expect(whyCheckFailed(ended)).toBe(words);
});

it('has words of its own for every cause', () => {
  const words = checkCauseSchema.options.map((cause) => whyCheckFailed({ cause }));
  expect(new Set(words).size).toBe(checkCauseSchema.options.length);
});
