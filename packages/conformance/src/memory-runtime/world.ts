import type { RuntimeHandle } from '@runtime/contracts/adapter';
import type { MemoryRun } from './memory-run.ts';
import type { MemoryMessage } from './steps.ts';

/**
 * What outlives an adapter, a session and a plane, as processes and files do for others; it ends with this process.
 * Runs are kept until `forget`, conversations for as long as the process.
 */
interface World {
  readonly runs: Map<string, MemoryRun>;
  readonly conversations: Map<string, MemoryMessage[]>;
}

const key = Symbol.for('@runtime/conformance/memory-world/1');
const home = globalThis as { [key]?: World };

/** One for the whole process, whichever copy of this module asks. */
export const world: World = (home[key] ??= { runs: new Map(), conversations: new Map() });

/** True while the run's agent lives. */
export function memoryRunLives(handle: Pick<RuntimeHandle, 'runDir'>): boolean {
  const run = world.runs.get(handle.runDir);
  return run !== undefined && !run.isOver;
}

/** Takes the agent away as a power cut of its own would: nobody sees an exit, and what it said until then stays. */
export function vanishMemoryRun(handle: Pick<RuntimeHandle, 'runDir'>): void {
  world.runs.get(handle.runDir)?.vanish();
}

/** Drops what a run left, as if its directory had been removed. Kills it first. */
export function forgetMemoryRun(handle: Pick<RuntimeHandle, 'runDir'>): void {
  vanishMemoryRun(handle);
  world.runs.delete(handle.runDir);
}
