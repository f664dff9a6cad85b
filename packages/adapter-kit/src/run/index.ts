/**
 * A run in its directory: the holder that starts it, its environment and input, what became of it, and its end.
 *
 * @packageDocumentation
 */
export { withAbsolutePath } from './absolute-path.ts';
export { awaitRecord } from './await-record.ts';
export { buildEnvironment } from './environment.ts';
export type { Environment, EnvironmentOptions } from './environment.ts';
export { makeDirectory } from '../files/make-directory.ts';
export { openRegular } from '../files/open-regular.ts';
export { readRecord } from '../files/read-record.ts';
export { readTail } from '../files/read-tail.ts';
export { replaceFile, syncDirectory, writeNew } from '../files/write-file.ts';
export type { WriteOptions } from '../files/write-file.ts';
export { openFifoWriter } from './fifo-writer.ts';
export type { FifoWriter, FifoWriterOptions } from './fifo-writer.ts';
export { clearRun } from './clear-run.ts';
export { fillCommand } from './fill-command.ts';
export type { CommandValues } from './fill-command.ts';
export type { HolderInput, HolderLaunch } from './holder-launch.ts';
export { holderTools } from './holder-tools.ts';
export type { HolderTools } from './holder-tools.ts';
export { checkLaunch, holderEnvironment } from './launch-check.ts';
export type { PlannedLaunch } from './launch-check.ts';
export { claimRun, inspectRun, isInPlace, shutOut } from './inspect-run.ts';
export type { InspectOptions, RunInspection } from './inspect-run.ts';
export { parseOptions } from './parse-options.ts';
export { promptModeOf, promptModeSchema } from './prompt-mode.ts';
export type { PromptMode } from './prompt-mode.ts';
export { currentPlacement, placement } from './placement.ts';
export type { Placement, PlacementFacts } from './placement.ts';
export { refuseForeign } from './refuse-foreign.ts';
export { releaseStdin } from './release-stdin.ts';
export { resolveCommand } from './resolve-command.ts';
export { isOverLimit, runEnded } from './run-ended.ts';
export { runPaths } from './run-paths.ts';
export type { RunPaths, RunPlace } from './run-paths.ts';
export { holderRecordSchema, readExitRecord, readHolderRecord } from './run-record.ts';
export type { ExitRecord, HolderRecord } from './run-record.ts';
export { cgroupPlace, describeLeaked, treeOf } from './run-tree.ts';
export type { RunTree } from './run-tree.ts';
export { cgroupFunctions, identityFunctions } from './shell-identity.ts';
export { socketDirectoryCandidates, socketPathFor } from './socket-directory.ts';
export type { SocketPathOptions, SocketPlace } from './socket-directory.ts';
export { startHolder } from './start-holder.ts';
export { reapRun, recordedExit, stopRun } from './stop-run.ts';
export type { ReapRunOptions, StopRunOptions } from './stop-run.ts';
export { waitForExit } from './wait-for-exit.ts';
export type { WaitForExitOptions } from './wait-for-exit.ts';
