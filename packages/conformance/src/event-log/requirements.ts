/**
 * What every event log must do: a sentence, and the words of the contract that ask for it, as they stand in `EventLog`
 * of
 * `@runtime/contracts/log` and what belongs to it.
 */
export const eventLogRequirements = {
  'append.positions': [
    'gives consecutive positions over all streams, and dense revisions in each',
    'Its number in its stream, from 1, dense.',
  ],
  'append.call-order': [
    'gives positions in the order of the calls, whatever acknowledgement they wait for',
    'Positions are given in the order of the calls, before the first await',
  ],
  'append.fields': [
    'keeps every field of an event as JSON has it',
    "Plain JSON; `position`, `stream`, `revision` and `time` are the log's own fields.",
  ],
  'append.snapshot-of-caller': [
    'does not see later changes of the event by its caller',
    'A fact before it is in the log.',
  ],
  'append.time': ['stamps all events of one append with one time', 'Unix ms that all events of this append carry.'],
  'append.given-time': ['stamps events with the time that the append gives', 'Unix ms that the events carry.'],
  'append.expected': [
    'refuses an append that expects another revision, and writes nothing of it',
    "The stream's revision must be this (0: the stream does not exist yet), else CONFLICT and nothing is written.",
  ],
  'append.expected-race': [
    'accepts exactly one of several appends that expect the same revision',
    "The stream's revision must be this (0: the stream does not exist yet), else CONFLICT",
  ],
  'append.limits': [
    'refuses events that are not JSON, have no type, use the fields of the log, or are too large or too many',
    'INVALID_ARGUMENT (not JSON, more than `maxAppendEvents` or `maxAppendBytes`)',
  ],
  'append.refused-leaves-nothing': ['gives no position to an append that it refused', 'nothing is written'],
  'append.signal': [
    'stops waiting when the signal aborts, and appends all the same',
    'Aborting `signal` stops the waiting, not the append.',
  ],
  'append.aborted': ['appends nothing when the signal was aborted before the call', 'Ends this call'],
  'append.written': [
    'acknowledges written and durable appends in one order',
    'Readers see an event once it is acknowledged to its writer, in order of position',
  ],
  'read.visible': [
    'shows an event to readers no later than it is acknowledged',
    'Readers see an event once it is acknowledged to its writer',
  ],
  'read.whole-batch': ['never ends a read within a batch', 'A batch is there whole or not at all.'],
  'read.batches': [
    'yields arrays that are never empty, in order, each event once',
    'Yields arrays of consecutive events (never empty).',
  ],
  'read.stream': ['reads one stream alone, in order of revision', 'Only this stream.'],
  'read.after': ['reads on after a cursor at any position', 'Exclusive: a cursor of this log'],
  'read.break': ['can be left at any point, and read again', 'Pull-based'],
  'read.aborted': ['throws CANCELLED from a read without follow when the signal aborts', 'Ends this call'],
  'read.missing-stream': ['reads nothing from a stream that does not exist', '0 when there is none.'],
  'follow.later': ['reads on with events that are appended later', 'Also waits for events that are appended later.'],
  'follow.now': ['skips the past after the cursor now', "'now' to skip the past"],
  'follow.stream': ['wakes a follower of one stream for that stream', 'Only this stream.'],
  'follow.slow': [
    'gives a slow reader every event, and slows no append meanwhile',
    'a slow reader costs no memory and slows nobody',
  ],
  'follow.two': ['serves several followers, each from its own position', 'each exactly once'],
  'follow.signal': [
    'returns without a throw when the signal aborts',
    'Returns, without a throw, when the log closes or `signal` aborts.',
  ],
  'follow.close': [
    'returns without a throw when the log closes',
    'Returns, without a throw, when the log closes or `signal` aborts.',
  ],
  'cursor.beginning': ['reads from the beginning after cursor(0)', '`cursor(0)` is the beginning.'],
  'cursor.foreign': [
    'refuses a cursor of another log, and names the nearest cursor',
    'Throws NOT_FOUND for a cursor that is foreign',
  ],
  'cursor.future': [
    'refuses a cursor beyond the end, and names the nearest cursor',
    'Throws NOT_FOUND for a cursor that is foreign, in the future',
  ],
  'cursor.malformed': ['refuses text that is no cursor', 'INVALID_ARGUMENT for one that is no cursor'],
  'streams.once': [
    'names streams by prefix, each once',
    'Names of the streams that begin with `prefix`, each once, in no particular order.',
  ],
  'snapshot.round-trip': [
    'returns the latest snapshot of the same version',
    'The latest snapshot of this name, if it was made by this version of its fold',
  ],
  'snapshot.version': ['returns no snapshot of another version or name', 'another version is not returned'],
  'snapshot.not-newer': ['refuses a snapshot that is newer than the log', 'Never newer than the log'],
  'remove.gone': [
    'has nothing of a stream that was removed, and every other event where it was',
    'to whoever reads later they never existed, and positions have',
  ],
  'remove.repeatable': ['removes nothing more the second time', 'A stream that is not there is no error.'],
  'remove.anew': ['begins a removed stream anew with the next append', 'to whoever reads later they never existed'],
  'remove.cursor': ['reads on after the cursor of any event that was removed', 'positions have'],
  'remove.beside-appends': ['loses no append that is made meanwhile', 'Appends go on meanwhile'],
  'remove.two': ['takes several removals at once', 'Removes streams with all of their events, for good'],
  'remove.reader': [
    'gives a reader that is under way every other event once, in order',
    'A reader under way may see some of their events or none.',
  ],
  'remove.follower': [
    'goes on to serve a reader that follows, each event once',
    'A reader under way may see some of their events or none.',
  ],
  'remove.aborted': ['removes nothing for a signal that was aborted before the call', 'Ends this call'],
  'failure.none': [
    'has no failure while it works, whatever it refused, and none once it was closed',
    'An append that was refused (CONFLICT by `expected`, INVALID_ARGUMENT, EXHAUSTED) leaves it undefined.',
  ],
  'fence.refuses': [
    'acknowledges nothing more once another writer has opened the log, and says why',
    'CONFLICT: another writer has taken over.',
  ],
  'fence.notices': [
    'learns that another writer has opened the log without an append of its own',
    'also when nothing is appended',
  ],
  'fence.confirms': [
    'says at once that another writer has opened the log when it is asked',
    'throws `failure` otherwise',
  ],
  'fence.keeps': [
    'keeps every event that the writer before acknowledged, while that one goes on appending',
    'each opening for writing has a higher one',
  ],
  'writer.confirmed': ['says that it is the writer while it is', "Resolves when this is still the log's writer"],
  'close.waits': ['waits for appends under way', 'Waits for appends under way'],
  'close.repeatable': ['can be closed again', 'Repeatable.'],
  'close.after': ['refuses every call after it was closed', 'UNAVAILABLE (closed'],
  'reopen.everything': ['has all events after it was opened again', 'An append-only log of events in streams'],
  'reopen.epoch': ['has a higher epoch with each opening', 'each opening for writing has a higher one'],
  'reopen.cursor': ['accepts a cursor of an earlier opening', 'a cursor of this log'],
  'reopen.expected': [
    'knows the revisions of its streams after it was opened again',
    "The stream's revision must be this",
  ],
  'reopen.removed': ['has nothing of a removed stream after it was opened again', 'for good'],
  'reopen.snapshot': ['still has its snapshots after it was opened again', 'Resolves when it is durable.'],
} as const satisfies Record<string, readonly [behaviour: string, source: string]>;

/** The id of a requirement: the part of the contract, and what is asked of it. */
export type EventLogRequirement = keyof typeof eventLogRequirements;
