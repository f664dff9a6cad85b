/**
 * Runs the Pi coding agent over its RPC mode as an agent runtime: turns, messages, tools and usage as Pi reports them,
 * steers and follow-ups with evidence of delivery, tool approvals, sessions that can be resumed, and runs that survive
 * the process that started them.
 *
 * @packageDocumentation
 */
export { readPiFiles } from './launch/agent-files.ts';
export type { PiFileFault, PiFiles } from './launch/agent-files.ts';
export { pi } from './pi-adapter.ts';
export { piProviderVariables } from './provider-variables.ts';
export type { PiOptions } from './options.ts';
