/**
 * Runs any local command as an agent runtime: the prompt goes in by stdin, file or argument, the output comes out as
 * events, and the exit code is the outcome. The command outlives the process that started it.
 *
 * @packageDocumentation
 */
export { local } from './local-adapter.ts';
export type { LocalOptions } from './options.ts';
