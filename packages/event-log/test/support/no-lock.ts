import type { WriterLock } from '../../src/index.ts';

/** A lock that locks nothing, for logs on a file system in memory. */
export function noLock(): WriterLock {
  return {
    path: 'memory',
    held: true,
    describe: async () => true,
    release: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
