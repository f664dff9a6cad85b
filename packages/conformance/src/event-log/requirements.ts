/** What every event log must do, with the sentence of the contract (`EventLog` in `@runtime/contracts`, or the design's chapter on the log) that asks for it. */
export const eventLogRequirements = {
  'append.positions': [
    'gives consecutive positions over all streams and dense revisions in each',
    'position: its number in the whole log; revision: its number in its stream, from 1, dense',
  ],
  'append.call-order': [
    'gives positions in the order of the calls, whatever they wait for',
    'Positions are given in the order of the calls, before the first await',
  ],
  'append.fields': [
    'keeps every field of an event as JSON has it',
    'Plain JSON; position, stream, revision and time are the log’s own fields',
  ],
  'append.snapshot-of-caller': [
    'does not see what the caller does to an event afterwards',
    'A fact before it is in the log',
  ],
  'append.time': [
    'stamps all events of one append with one time',
    'time: Unix ms that all events of this append carry',
  ],
  'append.expected': [
    'refuses an append to another revision than expected, and writes nothing of it',
    'The stream’s revision must be this, else CONFLICT and nothing is written',
  ],
  'append.expected-race': [
    'lets exactly one of several writers win who expect the same revision',
    'expected: else CONFLICT',
  ],
  'append.limits': [
    'refuses what is not JSON, has no type, uses the log’s fields, or is too much',
    'INVALID_ARGUMENT (not JSON, too large: 16 MiB a batch, 1024 events)',
  ],
  'append.refused-leaves-nothing': ['gives no position to an append that it refused', 'nothing is written'],
  'append.signal': [
    'stops waiting when the signal aborts, and still appends',
    'Aborting signal stops the waiting, not the append',
  ],
  'append.aborted': ['appends nothing when the signal was aborted before the call', 'signal: Ends this call'],
  'append.written': [
    'acknowledges written and durable appends in one order',
    'Readers see an event once it is acknowledged to its writer, in order of position',
  ],
  'read.visible': [
    'shows an event to readers no later than its writer is told',
    'Readers see an event once it is acknowledged to its writer',
  ],
  'read.whole-batch': ['never shows a part of a batch as the end of the log', 'A batch is there whole or not at all'],
  'read.batches': [
    'yields arrays that are never empty, in order, each event once',
    'Yields arrays of consecutive events (never empty)',
  ],
  'read.stream': ['reads one stream alone, in order of revision', 'stream: Only this stream'],
  'read.after': ['reads on after a cursor, wherever it was', 'after: Exclusive: a cursor of this log'],
  'read.break': ['may be left at any point, and read again', 'Pull-based'],
  'read.aborted': [
    'throws CANCELLED from a read that does not follow when the signal aborts',
    'signal: Ends this call',
  ],
  'read.missing-stream': ['reads nothing from a stream that does not exist', 'revision: 0 when there is none'],
  'follow.later': ['goes on with what is appended later', 'follow: Go on with what is appended later'],
  'follow.now': ['skips the past when told to begin now', '‘now’ to skip the past'],
  'follow.stream': ['wakes a follower of one stream for that stream', 'stream: Only this stream'],
  'follow.slow': [
    'lets a slow reader read everything, and hinders nobody meanwhile',
    'A slow reader costs no memory and slows nobody',
  ],
  'follow.two': ['serves several followers, each from where it stands', 'each exactly once'],
  'follow.signal': [
    'ends without a throw when the signal aborts',
    'Ends when the log closes or signal aborts (then it returns, it does not throw)',
  ],
  'follow.close': [
    'ends without a throw when the log closes',
    'Ends when the log closes or signal aborts (then it returns, it does not throw)',
  ],
  'cursor.beginning': ['takes cursor(0) as the beginning', 'cursor(0) is the beginning'],
  'cursor.foreign': [
    'refuses a cursor of another log, and names the nearest',
    'NOT_FOUND for a cursor that is foreign',
  ],
  'cursor.future': ['refuses a cursor beyond the end, and names the nearest', 'NOT_FOUND for a cursor in the future'],
  'cursor.malformed': ['refuses what is no cursor', 'INVALID_ARGUMENT for one that is no cursor'],
  'streams.order': [
    'names streams by prefix, in order of their first event',
    'Names of the streams that begin with prefix, in order of their first event',
  ],
  'snapshot.round-trip': ['gives back a snapshot of the same version', 'readSnapshot(name, version)'],
  'snapshot.version': ['gives no snapshot of another version or name', 'another version is not returned'],
  'snapshot.not-newer': ['refuses a snapshot that is newer than the log', 'Never newer than the log'],
  'close.waits': ['waits for what is in flight', 'Waits for what is in flight, then lets go of files and lock'],
  'close.repeatable': ['may be called again', 'Repeatable'],
  'close.after': ['refuses every call afterwards', 'UNAVAILABLE (closed)'],
  'reopen.everything': [
    'has everything after it was closed and opened again',
    'An append-only log of events: the only truth of the control plane',
  ],
  'reopen.epoch': ['has a higher epoch with each opening', 'each opening for writing has a higher one'],
  'reopen.cursor': ['takes a cursor that was made before', 'cursor: opaque and holds log id, epoch and position'],
  'reopen.expected': ['knows the revisions of its streams', 'expected: The stream’s revision must be this'],
  'reopen.snapshot': ['still has its snapshots', 'Resolves when it is durable'],
} as const satisfies Record<string, readonly [behaviour: string, source: string]>;

export type EventLogRequirement = keyof typeof eventLogRequirements;
