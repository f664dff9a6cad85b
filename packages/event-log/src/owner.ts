/**
 * Who owns a log, as `owner.json` says: for programs that look for the owner and open no log.
 *
 * @packageDocumentation
 */
export { readOwner } from './lock/owner-file.ts';
export type { Owner } from './lock/owner.ts';
