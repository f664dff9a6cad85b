/**
 * The file system as a store sees it: for tests that make it fail.
 *
 * @packageDocumentation
 */
export { nodeFs } from './fs/node-fs.ts';
export type { StoreFile, StoreFs } from './fs/store-fs.ts';
