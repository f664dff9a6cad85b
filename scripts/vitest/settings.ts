import { fileURLToPath } from 'node:url';
import { slowness } from '../../packages/conformance/src/adapter/slowness.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** How many times slower than the reference this machine is, or may become: limits that a test sets itself are multiplied by it. */
    readonly slowness: number;
    /** The directory of the command line's bundles, `main.cjs`, `memory-main.cjs` and `untouched-main.cjs`: see `cli-programs.ts`. */
    readonly cliPrograms: string;
  }
}

/** Beside this run another one may begin later: what is measured now is no promise. */
const leastFactor = 4;

const factor = Math.max(leastFactor, slowness());

/**
 * What every vitest configuration here shares. A limit says that something hangs, never that it is slow: waits are for
 * facts, and end with the fact.
 */
export const shared = {
  testTimeout: Math.round(60_000 * factor),
  hookTimeout: Math.round(60_000 * factor),
  expect: { poll: { timeout: Math.round(20_000 * factor), interval: 20 } },
  globalSetup: [fileURLToPath(new URL('own-directory.ts', import.meta.url))],
  provide: { slowness: factor },
};
