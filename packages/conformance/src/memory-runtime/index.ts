/**
 * An agent runtime in memory, scripted by data: what a plane's tests run on, and the reference of the adapter suite.
 *
 * @packageDocumentation
 */
export { memoryCapabilities, memoryRuntime } from './memory-runtime.ts';
export type { MemoryRuntimeOptions } from './memory-runtime.ts';
export type { FaultyCall, MemoryFault, MemoryFaults } from './faults.ts';
export type { MemoryMessage, MemoryScript, MemoryStep, MemoryTurn } from './steps.ts';
export { forgetMemoryRun, memoryRunLives, vanishMemoryRun } from './world.ts';
