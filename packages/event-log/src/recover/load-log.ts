import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { segmentName, segmentNumbers } from '../format/file-names.ts';
import { listIfThere } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { indexCheckpoint, type CheckpointRead } from '../state/checkpoint.ts';
import type { SegmentEntry } from '../state/log-index.ts';
import { LogState } from '../state/log-state.ts';
import type { Problems } from '../state/problems.ts';
import { CheckpointReads } from './checkpoint-reads.ts';
import { checkFormat } from './format-file.ts';
import { lastingClaim, scanSegment, type Scan } from './scan-segment.ts';
import { tornTail, type TornTail } from './torn-tail.ts';

/** A log as its files hold it. */
export interface LoadedLog {
  readonly state: LogState;
  readonly torn: TornTail | undefined;
  /** The number of the last segment; 0 when there is none. */
  readonly lastNumber: number;
  /** Closed segments that had to be read because they had no good checkpoint. */
  readonly unchecked: readonly SegmentEntry[];
}

interface LoadOptions {
  readonly fs: LogFs;
  readonly dir: string;
  readonly problems: Problems;
  /** Another process may be writing, so an unfinished end is no problem. */
  readonly live: boolean;
}

/**
 * Reads the log's directory without changing it: closed segments by their checkpoints, the last one whole.
 * Throws DATA_CORRUPT for damage that is no torn tail, UNSUPPORTED for a newer format.
 */
export async function loadLog(options: LoadOptions): Promise<LoadedLog> {
  const { fs, dir, problems, live } = options;
  const numbers = segmentNumbers(await listIfThere(fs, dir));
  await checkFormat(fs, dir, numbers.length > 0);
  const state = new LogState();
  const unchecked: SegmentEntry[] = [];
  let torn: TornTail | undefined;
  const checkpoints = new CheckpointReads(fs, dir, numbers.slice(0, -1));
  try {
    for (const [order, number] of numbers.entries()) {
      const isLast = order === numbers.length - 1;
      if (order > 0 && number !== (numbers[order - 1] ?? 0) + 1) throw missingSegment(number - 1);
      if (!isLast && takeOver(state, await checkpoints.read(order))) continue;
      const before = state.segment;
      const scan = await scanFile(fs, join(dir, segmentName(number)), state, live && isLast);
      torn = tornTail(scan, number, isLast);
      if (!isLast && state.segment && state.segment !== before) {
        unchecked.push(state.segment);
        if (!live) problems.add({ file: segmentName(number), problem: 'no usable checkpoint', action: 'read whole' });
      }
    }
  } finally {
    await checkpoints.settle();
  }
  return { state, torn, lastNumber: numbers.at(-1) ?? 0, unchecked };
}

/** Takes over a segment from its checkpoint. False when the checkpoint does not fit: then the segment must be read. */
function takeOver(state: LogState, checkpoint: CheckpointRead): boolean {
  if (typeof checkpoint === 'string') return false;
  // Of a pruned log, the header of the first segment says more than the checkpoint.
  if (!state.segment && checkpoint.base > 0) return false;
  if (state.segment && checkpoint.logId !== state.logId) return false;
  if (checkpoint.base !== state.position && !(state.segment?.sparse && checkpoint.base > state.position)) return false;
  state.logId = checkpoint.logId;
  state.adopt(indexCheckpoint(state.index, checkpoint));
  return true;
}

async function scanFile(fs: LogFs, path: string, state: LogState, eager: boolean): Promise<Scan> {
  const file = await fs.open(path, 'read');
  try {
    const scan = await scanSegment(file, state, { eager });
    return eager && scan.damage ? { ...scan, claimed: await lastingClaim(file, scan.end) } : scan;
  } finally {
    await file.close();
  }
}

function missingSegment(number: number): AgentRuntimeError {
  return new AgentRuntimeError('DATA_CORRUPT', `${segmentName(number)} is missing`, {
    hint: 'restore the file from a copy; nothing was changed',
    details: { file: segmentName(number), offset: 0 },
  });
}
