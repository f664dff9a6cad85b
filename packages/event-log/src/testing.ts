/**
 * The file system as a log sees it: for tests that make it fail, and for hosts that keep a log on a file system of
 * their own.
 *
 * @packageDocumentation
 */
export { nodeFs } from './fs/node-fs.ts';
export type { LogFile, LogFs, OpenMode } from './fs/log-fs.ts';
