/**
 * For authors and users of event logs: the port, its cursors, and the names of the streams.
 *
 * @packageDocumentation
 */
export type {
  Acknowledgement,
  AppendOptions,
  AppendResult,
  EventEnvelope,
  EventLog,
  NewEvent,
  ReadOptions,
  RemovedStreams,
  Snapshot,
  StoredEvent,
} from './event-log.ts';
export { maxAppendBytes, maxAppendEvents, storedEvent } from './event-log.ts';
export { maxFamilyEventBytes, maxFamilyEventDepth, maxFamilyStateBytes } from './event-family.ts';
export type { EventFamily } from './event-family.ts';
export { formatCursor, parseCursor } from './cursor.ts';
export type { CursorParts } from './cursor.ts';
export { planeStream, runtimeStream, taskIdOf, taskStream } from './streams.ts';
