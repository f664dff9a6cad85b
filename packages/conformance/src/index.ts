/**
 * Suites that every adapter, log and plane must pass, and what they are played with: scripted agents, a scripted model, a runtime in memory.
 * The suites need vitest and are entries of their own: `@runtime/conformance/adapter` and `@runtime/conformance/event-log`.
 *
 * @packageDocumentation
 */
export { memoryRuntime } from './memory-runtime/index.ts';
export type { MemoryRuntimeOptions, MemoryScript, MemoryStep } from './memory-runtime/index.ts';
export { startModelServer, writeFileScenario } from './model-server/index.ts';
export { modelAgent, piAgent, plainAgent } from './scripted-agent/index.ts';
