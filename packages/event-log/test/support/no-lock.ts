import type { WriterLock } from '../../src/index.ts';

/** For logs on a file system in memory, which nobody else can open. */
export function noLock(): WriterLock {
  return {
    path: 'memory',
    describe: async () => undefined,
    release: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
