import type { RuntimeHandle } from '@runtime/contracts/adapter';
import type { MemoryRun } from './memory-run.ts';
import type { MemoryMessage } from './steps.ts';

/**
 * What outlives adapters, sessions and planes, as processes and files do for other runtimes.
 * Runs are kept until `forgetMemoryRun`, conversations until this process ends.
 */
interface World {
  readonly runs: Map<string, MemoryRun>;
  readonly conversations: Map<string, MemoryMessage[]>;
}

const key = Symbol.for('@runtime/conformance/memory-world/1');
const home = globalThis as { [key]?: World };

/** One world for the whole process, also when the module is loaded twice. */
export const world: World = (home[key] ??= { runs: new Map(), conversations: new Map() });

/** Whether the agent of the run lives. False for a run that was never started here. */
export function memoryRunLives(handle: Pick<RuntimeHandle, 'runDir'>): boolean {
  const run = world.runs.get(handle.runDir);
  return run !== undefined && !run.hasEnded;
}

/** Ends the agent of the run without an observed exit: a recovery finds it `dead`. Its events stay readable. */
export function vanishMemoryRun(handle: Pick<RuntimeHandle, 'runDir'>): void {
  world.runs.get(handle.runDir)?.end(undefined);
}

/** Kills the run and drops its events, as if its run directory had been removed. */
export function forgetMemoryRun(handle: Pick<RuntimeHandle, 'runDir'>): void {
  vanishMemoryRun(handle);
  world.runs.delete(handle.runDir);
}
