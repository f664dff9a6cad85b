import { join } from 'node:path';
import type { RemovedStreams } from '@runtime/contracts/log';
import { checkpointName, segmentName, segmentNumbers } from '../format/file-names.ts';
import { removeIfThere } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { writeFormatFile } from '../recover/format-file.ts';
import type { SegmentEntry } from '../state/log-index.ts';
import type { LogState } from '../state/log-state.ts';
import type { SegmentChain } from '../write/segment-chain.ts';
import { planRewrites } from './plan.ts';
import { rewriteSegments, type Rewritten } from './rewrite.ts';

export interface RemovalOptions {
  readonly fs: LogFs;
  readonly dir: string;
  readonly state: LogState;
  readonly chain: SegmentChain;
  readonly streams: ReadonlySet<string>;
  /** The most bytes of short segments that are made one. */
  readonly maxBytes: number;
  /** Begins a new segment. */
  readonly roll: () => Promise<void>;
  /** Throws where the removal is to end: nothing is half done at that moment. */
  readonly goOn: () => void;
  /** Throws where the log has another writer. */
  readonly confirm: () => Promise<void>;
  /** The names of files could not be made durable: what the disk holds is not known. */
  readonly fail: (error: unknown) => void;
  /** Events of the streams may be kept in memory no longer. */
  readonly forget: () => void;
}

/**
 * Removes streams: the closed segments that hold something of them are written anew. An opening finds the old segments
 * or the new one, wherever this stops, because each replacement is one rename: the new segment has the number of the
 * last one that it replaces, and names the one before the first as its `previous`, so the others count for nothing.
 */
export async function removeStreams(options: RemovalOptions): Promise<RemovedStreams> {
  const { state, chain, streams, maxBytes, roll, goOn, forget } = options;
  const { index } = state;
  if ([...index.live.values()].some(({ name, chunks }) => chunks.length > 0 && streams.has(name))) await roll();
  await chain.settled();
  await sweep(options);
  const closed = index.segments.slice(0, index.segments.indexOf(chain.segment));
  const groups = planRewrites(closed, { streams, maxBytes, isLong: (end) => chain.isLong(end) });
  let events = 0;
  let bytes = 0;
  for (const group of groups) {
    goOn();
    const rewritten = await rewriteSegments(group, { ...options, logId: state.logId });
    await replace(group, rewritten, options);
    forget();
    events += rewritten.events;
    bytes += rewritten.bytes;
  }
  return { events, bytes };
}

/** Puts the new segment into the place of the old ones. */
async function replace(group: readonly SegmentEntry[], made: Rewritten, options: RemovalOptions): Promise<void> {
  const { fs, dir, state, chain, confirm, fail } = options;
  const { index } = state;
  const number = group.at(-1)?.number ?? 0;
  // A checkpoint that outlives its segment could be taken for the new one's, or for proof of one that is left out.
  for (const old of group) await removeIfThere(fs, join(dir, checkpointName(old.number)));
  await fs.syncDir(dir);
  await confirm();
  const change = Promise.withResolvers<void>();
  index.changing = change.promise;
  try {
    await fs.rename(join(dir, made.temporary), join(dir, segmentName(number)));
    index.replace(group, made.index);
  } finally {
    index.changing = undefined;
    change.resolve();
  }
  try {
    await fs.syncDir(dir);
  } catch (error) {
    fail(error);
    throw error;
  }
  await sweep(options);
  const [segment] = made.index.segments;
  if (segment) await chain.checkpoint(segment, true);
}

/** Takes away drafts, and the segments that a rewritten one has taken up: also what was left of an earlier removal. */
async function sweep({ fs, dir, state }: RemovalOptions): Promise<void> {
  const names = await fs.list(dir);
  const drafts = names.filter((name) => /^\.\d{8,}\.jsonl\.tmp$/.test(name));
  const { segments } = state.index;
  const takenUp = segmentNumbers(names).filter((number) => {
    const next = segments.find((segment) => segment.number >= number);
    return next?.sparse === true && next.number !== number;
  });
  const first = segments[0]?.number ?? 1;
  // Before the file that was the first is gone.
  if (takenUp.some((number) => number < first)) await writeFormatFile(fs, dir, first);
  for (const name of [...drafts, ...takenUp.map(segmentName)]) await removeIfThere(fs, join(dir, name));
}
