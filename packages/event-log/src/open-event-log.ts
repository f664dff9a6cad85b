import { dirname, join } from 'node:path';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { newLogId } from './format/records.ts';
import { isFull } from './fs/files.ts';
import type { LogFs } from './fs/log-fs.ts';
import { nodeFs } from './fs/node-fs.ts';
import type { JsonlEventLog } from './jsonl-event-log.ts';
import { acquireLock, type WriterLock } from './lock/writer-lock.ts';
import { openReadOnly } from './read-only-log.ts';
import { writeFormatFile } from './recover/format-file.ts';
import { loadLog, type LoadedLog } from './recover/load-log.ts';
import { setAside } from './recover/torn-tail.ts';
import { Problems, type LogProblem } from './state/problems.ts';
import { Snapshots } from './state/snapshots.ts';
import { WritableLog } from './writable-log.ts';
import { SegmentChain } from './write/segment-chain.ts';

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
   * batch has a segment of its own. @default 64 MiB
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
 * interrupted write explains; `details.file`, `details.offset`; nothing was changed), UNSUPPORTED (a newer format),
 * EXHAUSTED (a full disk: no room for the line that begins the epoch), UNAVAILABLE (the lock cannot be taken on this
 * file system), NOT_FOUND (opened for reading only, and there is no log), INVALID_ARGUMENT (a size outside its range).
 */
export async function openEventLog(options: EventLogOptions): Promise<JsonlEventLog> {
  const fs = options.fs ?? nodeFs();
  const problems = new Problems(options.onProblem);
  if (options.readOnly) return openReadOnly({ fs, dir: options.dir, problems });
  checkSizes(options);
  await fs.makeDir(options.dir);
  const lock = options.lock ?? (await acquireLock(join(options.dir, 'lock.db')));
  try {
    return await openLocked(options, fs, problems, lock);
  } catch (error) {
    if (!options.lock) await lock.release();
    if (isFull(error)) {
      throw new AgentRuntimeError('EXHAUSTED', 'the disk is full, so the log cannot be opened for writing', {
        hint: 'free some space and open the log again',
        cause: error,
      });
    }
    throw error;
  }
}

async function openLocked(
  options: EventLogOptions,
  fs: LogFs,
  problems: Problems,
  lock: WriterLock,
): Promise<WritableLog> {
  const { dir, clock = Date.now } = options;
  const loaded = await loadLog({ fs, dir, problems, live: false });
  const { state } = loaded;
  const snapshots = new Snapshots(fs, dir, problems);
  if (state.logId !== '') await checkSnapshots(snapshots, loaded);
  if (loaded.lastNumber === 0) {
    state.logId = newLogId();
    await syncParent(fs, dir, problems);
    await writeFormatFile(fs, dir);
  }
  if (loaded.torn) await setAside(fs, dir, loaded.torn, clock(), problems);
  const epoch = state.epochs.last + 1;
  const { segmentBytes = 64 * 1024 * 1024, preallocateBytes = 4 * 1024 * 1024 } = options;
  const chain = new SegmentChain({ fs, dir, state, problems, clock, epoch, segmentBytes, preallocateBytes });
  try {
    await beginWriting(chain, loaded, epoch);
    await lock.describe({ epoch });
  } catch (error) {
    await chain.close(false);
    throw error;
  }
  const release = options.lock ? undefined : () => lock.release();
  return new WritableLog({ fs, dir, state, problems, snapshots, chain, epoch, clock, release });
}

async function beginWriting(
  chain: SegmentChain,
  { state, torn, lastNumber, unchecked }: LoadedLog,
  epoch: number,
): Promise<void> {
  const { segment } = state;
  if (state.logId === '') state.logId = newLogId();
  if (segment && segment.number === lastNumber) await chain.resume(segment, torn?.end ?? segment.end);
  else await chain.begin(lastNumber === 0 ? 1 : lastNumber);
  await chain.writeRecord({ log: 'epoch', logId: state.logId, epoch, after: state.position });
  state.epochs.add({ epoch, after: state.position });
  chain.segment.epochs.push({ epoch, after: state.position });
  for (const closed of unchecked) await chain.tidy(closed);
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

/** Throws DATA_CORRUPT when a snapshot holds events that the log has lost: those events were durable once. */
async function checkSnapshots(snapshots: Snapshots, { state }: LoadedLog): Promise<void> {
  const newest = await snapshots.newest(state.logId);
  if (newest <= state.position) return;
  throw new AgentRuntimeError(
    'DATA_CORRUPT',
    `the log ends at position ${state.position}, but a snapshot holds events up to ${newest}`,
    {
      hint: 'restore the log from a copy, or remove the snapshots to go on without the lost events',
      details: { position: state.position, snapshot: newest },
    },
  );
}

function checkSizes({ segmentBytes, preallocateBytes }: EventLogOptions): void {
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
