/**
 * The file system as a log sees it: for tests that make it fail, and for hosts that keep a log on something else than
 * the disk of this machine.
 *
 * @packageDocumentation
 */
export { nodeFs } from './fs/node-fs.ts';
export type { LogFile, LogFs, OpenMode } from './fs/log-fs.ts';
