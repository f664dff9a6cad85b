/**
 * An agent runtime in memory, scripted by data: for tests of planes and hosts, and the reference of the adapter suite.
 *
 * @packageDocumentation
 */
export { memoryCapabilities, memoryRuntime } from './memory-runtime.ts';
export type { MemoryRuntimeOptions } from './memory-runtime.ts';
export type { FaultyCall, MemoryFault, MemoryFaults } from './faults.ts';
export type { MemoryMessage, MemoryScript, MemoryStep, MemoryTurn, ScriptedDecision } from './steps.ts';
export { forgetMemoryRun, memoryRunLives, vanishMemoryRun } from './world.ts';
