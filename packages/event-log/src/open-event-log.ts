import { dirname, isAbsolute, join, resolve } from 'node:path';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { segmentNumbers } from './format/file-names.ts';
import { newLogId } from './format/records.ts';
import { isFull, listIfThere } from './fs/files.ts';
import type { LogFs } from './fs/log-fs.ts';
import { nodeFs } from './fs/node-fs.ts';
import { systemFailure } from './fs/system-failure.ts';
import type { JsonlEventLog } from './jsonl-event-log.ts';
import { acquireLock, type WriterLock } from './lock/writer-lock.ts';
import { openReadOnly } from './read-only-log.ts';
import { readFormatFile, writeFormatFile } from './recover/format-file.ts';
import { assertWhole, gatherHistory } from './recover/history.ts';
import { loadLog, type LoadedLog } from './recover/load-log.ts';
import { setAside } from './recover/torn-tail.ts';
import { LogState } from './state/log-state.ts';
import { Problems, type LogProblem } from './state/problems.ts';
import { Snapshots } from './state/snapshots.ts';
import { WritableLog } from './writable-log.ts';
import { Claim } from './write/claim.ts';
import { syncSegment } from './write/closed-segment.ts';
import { SegmentLost } from './write/active-segment.ts';
import { explainLoss, filesLost, openedByOther } from './write/losses.ts';
import { SegmentChain, SegmentTaken } from './write/segment-chain.ts';

/** How a log in files is opened. */
export interface EventLogOptions {
  /** The log's directory, created (0700) by an opening for writing. Nothing else belongs in it. */
  readonly dir: string;
  /**
   * The lock that makes this process the only writer. One that is handed in is borrowed: closing the log does not
   * release it. @default a lock on `<dir>/lock.db`, released when the log is closed
   */
  readonly lock?: WriterLock;
  /** Opens for reading only, beside a writer or without one: no lock, no repair, no append. @default false */
  readonly readOnly?: boolean;
  /** The file system; the type is in `@runtime/event-log/testing`. @default the file system of this machine */
  readonly fs?: LogFs;
  /**
   * Bytes of a segment, from 1 KiB to 1 GiB: a write that would pass this size begins the next segment. A single larger
   * batch has a segment of its own. After a proper close, one of 4 MiB, or half of this size where that is less, is not
   * continued. @default 64 MiB
   */
  readonly segmentBytes?: number;
  /**
   * The most bytes of line feeds to write ahead of the end at once, from 0 to 1 GiB: overwriting them makes a durable
   * append one trip to the medium instead of two. 0 turns it off, for file systems that copy on write and gain nothing.
   * @default 4 MiB
   */
  readonly preallocateBytes?: number;
  /** The current time in Unix milliseconds, for the `time` of events and lines. @default Date.now */
  readonly clock?: () => number;
  /**
   * What proves, in words for people, that events were appended before: "runs/ holds 3 runs". An opening that finds no
   * event then throws DATA_CORRUPT instead of beginning a new log. What the directory itself proves is always heeded.
   * @default undefined: the directory may be new
   */
  readonly expectsHistory?: string | undefined;
  /**
   * Called for every problem that was found and repaired or ignored: a torn tail set aside, a checkpoint or snapshot
   * that could not be used. Must not throw.
   */
  readonly onProblem?: (problem: LogProblem) => void;
}

/**
 * Opens a log for writing, creating it when there is none, or for reading only.
 * Once it resolves for writing, this process is the only writer, its epoch is durable, and a torn tail has been moved
 * into a `.broken` file.
 * Throws CONFLICT (another process or this one is the writer already; `details.owner`), DATA_CORRUPT (damage that no
 * interrupted write explains, or a part is missing; `details.file`, `details.offset`; no event was changed), UNSUPPORTED (a newer format),
 * EXHAUSTED (a full disk: no room for the line that begins the epoch), UNAVAILABLE (the lock cannot be taken on this
 * file system, or the medium fails), PERMISSION_DENIED (a file of the log may not be read or written), NOT_FOUND (opened for reading only, and there is no log), INVALID_ARGUMENT (a size outside its range, a path that cannot be a directory).
 */
export async function openEventLog(options: EventLogOptions): Promise<JsonlEventLog> {
  checkOptions(options);
  // The writer looks its files up by their paths, whatever the working directory is by then.
  const dir = isAbsolute(options.dir) ? options.dir : resolve(options.dir);
  try {
    return await open({ ...options, dir }, options.fs ?? nodeFs(), new Problems(options.onProblem));
  } catch (error) {
    if (isFull(error)) {
      throw new AgentRuntimeError('EXHAUSTED', 'the disk is full, so the log cannot be opened for writing', {
        hint: 'free some space and open the log again',
        cause: error,
      });
    }
    throw systemFailure(error, `open the log in ${dir}`);
  }
}

async function open(options: EventLogOptions, fs: LogFs, problems: Problems): Promise<JsonlEventLog> {
  const { dir, readOnly, expectsHistory } = options;
  if (readOnly) return openReadOnly({ fs, dir, problems, expectsHistory });
  await refuseEmptied(fs, dir, problems, expectsHistory);
  await fs.makeDir(dir);
  const lock = options.lock ?? (await acquireLock(join(dir, 'lock.db')));
  try {
    return await openLocked(options, fs, problems, lock);
  } catch (error) {
    if (!options.lock) await lock.release();
    throw error;
  }
}

/**
 * Refuses a log without segments that had some, before anything is made: the directory that was moved away finds its
 * place free, and what is left in this one stays as it was.
 */
async function refuseEmptied(fs: LogFs, dir: string, problems: Problems, expected: string | undefined): Promise<void> {
  const segments = async (): Promise<readonly number[]> => segmentNumbers(await listIfThere(fs, dir));
  if ((await segments()).length > 0) return;
  const history = await gatherHistory(fs, dir, problems, expected);
  // Another first opening may have begun one meanwhile; then its proof is whole as well.
  if ((await segments()).length === 0) assertWhole(dir, history, new LogState(), []);
}

const maxTries = 8;

async function openLocked(
  options: EventLogOptions,
  fs: LogFs,
  problems: Problems,
  lock: WriterLock,
  tries = 1,
): Promise<WritableLog> {
  const { dir, clock = Date.now, segmentBytes = 64 * 1024 * 1024, preallocateBytes = 4 * 1024 * 1024 } = options;
  // A newer format may have other claims.
  await readFormatFile(fs, dir);
  const { claim, loaded } = await claimAndLoad(options, fs, problems);
  const { state } = loaded;
  if (state.logId === '') state.logId = newLogId();
  const chain = new SegmentChain({ fs, dir, state, problems, clock, claim, segmentBytes, preallocateBytes });
  try {
    if (loaded.lastFile === 0) await syncParent(fs, dir, problems);
    for (const torn of loaded.torn) await setAside(fs, dir, torn, clock(), problems);
    await beginWriting(chain, loaded, claim, { fs, dir });
    if (!loaded.history.format) await writeFormatFile(fs, dir);
    await chain.note(chain.segment.number, state.position);
    if (!chain.ownsFiles) throw await explainLoss(fs, dir, claim.epoch);
    await chain.tidy();
    await lock.describe({ epoch: claim.epoch });
  } catch (error) {
    await chain.close(false);
    if (error instanceof SegmentLost) throw filesLost(dir);
    if (!(error instanceof SegmentTaken)) throw error;
    // A writer before this one began a segment after its claim was gone. It learns so next, and begins no other.
    if (tries === maxTries) throw openedByOther(dir, error);
    return openLocked(options, fs, problems, lock, tries + 1);
  }
  const release = options.lock ? undefined : () => lock.release();
  const snapshots = new Snapshots(fs, dir, problems);
  const mergeBytes = segmentBytes / 2;
  return new WritableLog({ fs, dir, state, problems, snapshots, chain, claim, lock, clock, mergeBytes, release });
}

/** Claims an epoch, then reads the log: whatever earlier writers acknowledge is in the files by then. */
async function claimAndLoad(
  { dir, expectsHistory }: EventLogOptions,
  fs: LogFs,
  problems: Problems,
): Promise<{ claim: Claim; loaded: LoadedLog }> {
  let claim = await Claim.take(fs, dir, 0);
  try {
    while (true) {
      const loaded = await loadLog({ fs, dir, problems, live: false, expectsHistory });
      const { last } = loaded.state.epochs;
      if (claim.epoch > last) return { claim, loaded };
      // Its writers made no claims, or the claims were deleted.
      claim = await Claim.take(fs, dir, last, claim);
    }
  } catch (error) {
    await claim.release();
    throw error;
  }
}

/**
 * Goes on in the last segment when its writer was the last to claim an epoch and has closed it, so that no process can
 * be writing into it, and it is not long yet; otherwise in a new segment, whose header says how much of the last one counts.
 */
async function beginWriting(
  chain: SegmentChain,
  { state, torn, lastNumber, lastFile }: LoadedLog,
  { epoch, previous }: Claim,
  { fs, dir }: { readonly fs: LogFs; readonly dir: string },
): Promise<void> {
  const { segment } = state;
  const quiet = torn.length === 0 && lastFile === lastNumber && state.closedBy === previous && previous > 0;
  if (segment && quiet && previous === state.epochs.last && !chain.isLong(segment.end)) await chain.resume(segment);
  else {
    const end = segment?.number === lastNumber ? segment.end : 0;
    const last = { segment: lastNumber, end };
    if (lastNumber > 0) await syncSegment(fs, dir, last);
    await chain.begin(lastFile + 1, lastFile > 0 ? last : undefined);
  }
  await chain.writeRecord({ log: 'epoch', logId: state.logId, epoch, after: state.position });
  state.epochs.add({ epoch, after: state.position });
  chain.segment.epochs.push({ epoch, after: state.position });
}

/** Makes the name of the log's directory durable. The directories above its parent are left to the caller. */
async function syncParent(fs: LogFs, dir: string, problems: Problems): Promise<void> {
  try {
    await fs.syncDir(dirname(dir));
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    problems.add({ file: dirname(dir), problem: 'the directory may not be opened', action: 'not synced' });
  }
}

function checkOptions(options: EventLogOptions): void {
  const { dir, segmentBytes, preallocateBytes }: Partial<EventLogOptions> = options ?? {};
  if (typeof dir !== 'string' || dir === '') {
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'a log needs the path of its directory', {
      hint: 'pass { dir }',
    });
  }
  const gibibyte = 1024 ** 3;
  if (segmentBytes !== undefined && !(segmentBytes >= 1024 && segmentBytes <= gibibyte)) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `segmentBytes must not be ${segmentBytes}`, {
      hint: 'give a size from 1 KiB to 1 GiB',
    });
  }
  if (preallocateBytes !== undefined && !(preallocateBytes >= 0 && preallocateBytes <= gibibyte)) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `preallocateBytes must not be ${preallocateBytes}`, {
      hint: 'give a size from 0 to 1 GiB',
    });
  }
}
