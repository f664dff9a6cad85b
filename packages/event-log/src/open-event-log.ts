import { dirname, join } from 'node:path';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { newLogId } from './format/records.ts';
import { isFull } from './fs/files.ts';
import type { LogFs } from './fs/log-fs.ts';
import { nodeFs } from './fs/node-fs.ts';
import type { JsonlEventLog } from './jsonl-event-log.ts';
import type { OwnerInfo } from './lock/owner.ts';
import type { WriterLock } from './lock/writer-lock.ts';
import { acquireLock } from './lock/writer-lock.ts';
import { openReadOnly } from './read-only-log.ts';
import { writeFormatFile } from './recover/format-file.ts';
import type { LoadedLog } from './recover/load-log.ts';
import { loadLog } from './recover/load-log.ts';
import { setAside } from './recover/torn-tail.ts';
import type { LogProblem } from './state/problems.ts';
import { Problems } from './state/problems.ts';
import { Snapshots } from './state/snapshots.ts';
import { WritableLog } from './writable-log.ts';
import { SegmentChain } from './write/segment-chain.ts';

export interface EventLogOptions {
  /** The log's directory; created (0700) when opened for writing. Nothing else belongs into it. */
  readonly dir: string;
  /** The single-writer lock. @default `<dir>/lock.db` */
  readonly lockFile?: string;
  /** A lock that the caller holds already, instead of `lockFile`. It is borrowed: closing the log does not release it. */
  readonly lock?: WriterLock;
  /** What `owner.json` says of the holder beside its process: shown to whoever finds the log locked. */
  readonly owner?: OwnerInfo;
  /** Look on, beside a writer or without one: no lock, no repair, no append. @default false */
  readonly readOnly?: boolean;
  /** @default nodeFs() */
  readonly fs?: LogFs;
  /** A segment that would grow beyond this is followed by the next; one larger batch still fits. @default 64 MiB */
  readonly segmentBytes?: number;
  /** The most line feeds written ahead of the end at once; 0 turns it off, where a file system copies on write and gains nothing. @default 4 MiB */
  readonly preallocateBytes?: number;
  /** Unix milliseconds, for `time`. @default Date.now */
  readonly clock?: () => number;
  /** Called for everything that was found and mended or passed over: a torn tail set aside, a checkpoint or snapshot ignored. Must not throw. */
  readonly onProblem?: (problem: LogProblem) => void;
}

/**
 * Opens a log for writing, creating it when there is none, or for reading only.
 * When it resolves for writing, this process is the only writer, the writer's epoch is durable, and a torn tail has been set aside as a `.broken` file.
 * Throws CONFLICT (another writer; `details.owner`), DATA_CORRUPT (damage that is no torn write; `details.file`, `.offset`; nothing was changed),
 * UNSUPPORTED (a newer format), EXHAUSTED (no room for the epoch's line), NOT_FOUND (read-only, and there is no log).
 */
export async function openEventLog(options: EventLogOptions): Promise<JsonlEventLog> {
  const fs = options.fs ?? nodeFs();
  const problems = new Problems(options.onProblem);
  if (options.readOnly) return openReadOnly({ fs, dir: options.dir, problems });
  checkSizes(options);
  await fs.makeDir(options.dir);
  const lock = options.lock ?? (await acquireLock(options.lockFile ?? join(options.dir, 'lock.db'), options.owner));
  try {
    return await openLocked(options, fs, problems, lock);
  } catch (error) {
    if (!options.lock) await lock.release();
    if (isFull(error)) {
      throw new AgentRuntimeError('EXHAUSTED', 'the disk is full: the log cannot be opened for writing', {
        hint: 'make room and open it again',
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

/** The directory itself must outlive a power failure too. What is above its parent is the caller's. */
async function syncParent(fs: LogFs, dir: string, problems: Problems): Promise<void> {
  try {
    await fs.syncDir(dirname(dir));
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    problems.add({ file: dirname(dir), problem: 'may not be opened', action: 'not synced' });
  }
}

/** A snapshot holds events that were durable: a log that ends before it has lost them. */
async function checkSnapshots(snapshots: Snapshots, { state }: LoadedLog): Promise<void> {
  const newest = await snapshots.newest(state.logId);
  if (newest <= state.position) return;
  throw new AgentRuntimeError(
    'DATA_CORRUPT',
    `the log ends at position ${state.position}, but a snapshot holds events up to ${newest}`,
    {
      hint: 'restore the log from a copy; to go on without what was lost, remove the snapshots',
      details: { position: state.position, snapshot: newest },
    },
  );
}

function checkSizes({ segmentBytes, preallocateBytes }: EventLogOptions): void {
  const gibibyte = 1024 ** 3;
  if (segmentBytes !== undefined && !(segmentBytes >= 1024 && segmentBytes <= gibibyte)) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `segmentBytes is ${segmentBytes}`, { hint: 'from 1 KiB to 1 GiB' });
  }
  if (preallocateBytes !== undefined && !(preallocateBytes >= 0 && preallocateBytes <= gibibyte)) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `preallocateBytes is ${preallocateBytes}`, {
      hint: 'from 0 to 1 GiB',
    });
  }
}
