/**
 * Runs a terminal agent in a private tmux server as an agent runtime: it outlives its owner, a person can join it,
 * and both its output and its exit code are recorded without loss.
 *
 * @packageDocumentation
 */
export { tmux } from './tmux-adapter.ts';
export type { TmuxOptions } from './options.ts';
export { attachCommand } from './attach.ts';
export type { AttachCommands } from './attach.ts';
export { initialScreenState, translateScreen } from './screen/translate.ts';
export type { ScreenState } from './screen/translate.ts';
