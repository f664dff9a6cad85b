/**
 * An append-only event log in JSONL files: group commit, two acknowledgements, one writer, and an opening whose time
 * does not grow with the history.
 *
 * @packageDocumentation
 */
export { openEventLog } from './open-event-log.ts';
export type { EventLogOptions } from './open-event-log.ts';
export type { JsonlEventLog } from './jsonl-event-log.ts';
export { memoryEventLog } from './memory-event-log.ts';
export type { MemoryEventLogOptions } from './memory-event-log.ts';
export { verifyLog } from './verify-log.ts';
export type { VerifyOptions, VerifyProblem, VerifyReport } from './verify-log.ts';
export { acquireLock } from './lock/writer-lock.ts';
export { readOwner } from './lock/owner-file.ts';
export type { WriterLock } from './lock/writer-lock.ts';
export type { Owner, OwnerInfo } from './lock/owner.ts';
export type { LogProblem } from './state/problems.ts';
