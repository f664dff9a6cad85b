/**
 * An append-only event log in JSONL files: group commit, two acknowledgements, one writer, and a start that does not grow with history.
 *
 * @packageDocumentation
 */
export { openEventLog } from './open-event-log.ts';
export type { EventLogOptions, JsonlEventLog } from './open-event-log.ts';
export { memoryEventLog } from './memory-event-log.ts';
export type { MemoryEventLogOptions } from './memory-event-log.ts';
export { verifyLog } from './verify-log.ts';
export type { VerifyOptions, VerifyProblem, VerifyReport } from './verify-log.ts';
export { acquireLock, readOwner } from './lock.ts';
export type { WriterLock } from './lock.ts';
export type { Owner, OwnerInfo } from './owner.ts';
export type { LogProblem } from './problems.ts';
export { nodeFs } from './node-fs.ts';
export type { LogFile, LogFs, OpenMode } from './log-fs.ts';
