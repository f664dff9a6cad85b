/**
 * Runs the Pi coding agent over its RPC mode as an agent runtime: turns, messages, tools and usage as Pi tells them,
 * steers and follow-ups with evidence, tool approvals, sessions that are picked up again, and runs that outlive their owner.
 *
 * @packageDocumentation
 */
export { pi } from './pi-adapter.ts';
export { piProviderVariables } from './provider-variables.ts';
export type { PiOptions } from './options.ts';
