/**
 * What every adapter needs to own processes that outlive it: the holder, process identity, the end of a whole tree,
 * input over a FIFO, and sources of events over files.
 *
 * @packageDocumentation
 */
export { startHolder } from './run/start-holder.ts';
export type { HolderInput, HolderLaunch } from './run/start-holder.ts';
export { fillCommand } from './run/fill-command.ts';
export type { CommandValues } from './run/fill-command.ts';
export { resolveCommand } from './run/resolve-command.ts';
export { currentPlacement, placement } from './run/placement.ts';
export type { Placement, PlacementFacts } from './run/placement.ts';
export { runPaths } from './run/paths.ts';
export type { RunPaths, RunPlace } from './run/paths.ts';
export { claimRun, inspectRun } from './run/inspect-run.ts';
export type { InspectOptions, RunInspection } from './run/inspect-run.ts';
export { exitRecordSchema, holderRecordSchema, readExitRecord, readHolderRecord } from './run/run-record.ts';
export type { ExitRecord, HolderRecord } from './run/run-record.ts';
export { waitForExit } from './run/wait-for-exit.ts';
export type { WaitForExitOptions } from './run/wait-for-exit.ts';
export { runEnded } from './run/run-ended.ts';
export { reapRun, stopRun } from './run/stop-run.ts';
export type { StopRunOptions } from './run/stop-run.ts';
export { releaseStdin } from './run/release-stdin.ts';
export { openFifoWriter } from './fifo-writer.ts';
export type { FifoWriter, FifoWriterOptions } from './fifo-writer.ts';
export { bootId, isAlive, processIdentitySchema, readIdentity, signalProcess } from './process/identity.ts';
export type { ProcessIdentity } from './process/identity.ts';
export { findMarked } from './process/marked.ts';
export { killTree } from './process/kill-tree.ts';
export type { KillTreeOptions } from './process/kill-tree.ts';
export { platformSupport } from './process/platform.ts';
export type { PlatformSupport } from './process/platform.ts';
export { LineSplitter } from './source/line-splitter.ts';
export type { Line, LineSplitterOptions, OversizeLine } from './source/line-splitter.ts';
export { parseJsonLine } from './source/json-line.ts';
export type { JsonLine, JsonLineOptions } from './source/json-line.ts';
export { tailFile } from './source/tail-file.ts';
export type { Chunk, TailOptions } from './source/tail-file.ts';
export { jsonFileSource, textFileSource } from './source/file-source.ts';
export type { JsonRecord, JsonSourceOptions, TextRecord, TextSourceOptions, Translator } from './source/file-source.ts';
export { quarantine } from './source/quarantine.ts';
export type { MalformedRecord } from './source/quarantine.ts';
export { mergeSources } from './source/merge-sources.ts';
export type { MergeOptions, OpenSource } from './source/merge-sources.ts';
export { Utf8Stream } from './source/utf8-stream.ts';
export type { DecodedBytes } from './source/utf8-stream.ts';
export { createRedactor, redactBytes } from './source/redactor.ts';
export type { Redactor } from './source/redactor.ts';
export { openWireRecorder } from './source/wire-recorder.ts';
export type { WireRecorder, WireRecorderOptions } from './source/wire-recorder.ts';
export { buildEnvironment, defaultEnvironment } from './environment.ts';
export type { Environment, EnvironmentOptions } from './environment.ts';
export { abortable } from './abortable.ts';
export { watchChanges } from './watch-changes.ts';
export type { ChangeWatch } from './watch-changes.ts';
