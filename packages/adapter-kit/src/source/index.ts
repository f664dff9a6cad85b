/**
 * Sources of events over files that outlive us: tails, framing of lines and characters, redaction, quarantine and
 * merging.
 *
 * @packageDocumentation
 */
export { eventPieces, headOf, MessageText, tailOf } from './event-text.ts';
export { jsonFileSource, textFileSource } from './file-source.ts';
export type { JsonRecord, JsonSourceOptions, TextRecord, TextSourceOptions, Translator } from './file-source.ts';
export { findRecords } from './find-records.ts';
export type { FindOptions, FoundRecords, UnfinishedRecord } from './find-records.ts';
export { parseJsonLine } from './json-line.ts';
export type { JsonLine, JsonLineOptions } from './json-line.ts';
export { LineSplitter } from './line-splitter.ts';
export type { Line, LineSplitterOptions, OversizeLine } from './line-splitter.ts';
export { mergeSources } from './merge-sources.ts';
export type { MergeOptions, OpenSource } from './merge-sources.ts';
export { quarantine, quarantinedByte } from './quarantine.ts';
export type { MalformedRecord } from './quarantine.ts';
export { createRedactor, redactBytes } from './redactor.ts';
export type { Redactor } from './redactor.ts';
export { SingleReader } from './single-reader.ts';
export { wakeReaders } from './sweep.ts';
export { tailFile } from './tail-file.ts';
export type { Chunk, Ended, TailOptions } from './tail-file.ts';
export type { DecodedBytes } from './utf8-stream.ts';
export { watchChanges } from './watch-changes.ts';
export type { ChangeWatch } from './watch-changes.ts';
export { openWireRecorder } from './wire-recorder.ts';
export type { WireRecorder, WireRecorderOptions } from './wire-recorder.ts';
