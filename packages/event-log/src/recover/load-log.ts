import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import type { CheckpointRead } from '../state/checkpoint.ts';
import { indexCheckpoint, readCheckpoint } from '../state/checkpoint.ts';
import { listIfThere, readFileUpTo } from '../fs/files.ts';
import {
  formatFileName,
  formatFileSchema,
  formatVersion,
  parseJson,
  segmentName,
  segmentNumbers,
} from '../format/records.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { hasCode } from '../fs/log-fs.ts';
import type { SegmentEntry } from '../state/log-index.ts';
import { LogState } from '../state/log-state.ts';
import type { Problems } from '../state/problems.ts';
import type { Scan } from './scan-segment.ts';
import { lastingClaim, scanSegment } from './scan-segment.ts';

/** Bounds the open files. */
const readsAhead = 16;

/** What is on the disk after the last whole batch. */
export interface TornTail {
  readonly number: number;
  /** Where the segment is to be cut; 0 when not even its header is whole. */
  readonly end: number;
  readonly contentEnd: number;
  readonly problem: string;
  readonly offset: number;
}

export interface LoadedLog {
  readonly state: LogState;
  readonly torn: TornTail | undefined;
  /** The highest number that a segment file has; 0 when there is none. */
  readonly lastNumber: number;
  /** Closed segments that had to be read because they had no good checkpoint. */
  readonly unchecked: readonly SegmentEntry[];
}

interface LoadOptions {
  readonly fs: LogFs;
  readonly dir: string;
  readonly problems: Problems;
  /** Another process may be writing: what is unfinished at the end is none of our business. */
  readonly live: boolean;
}

/** Reads the log's directory without changing it: closed segments by their checkpoints, the last one whole. Throws DATA_CORRUPT, UNSUPPORTED. */
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
      torn = judge(scan, number, isLast);
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

/** Reads the checkpoints of segments in order, some ahead of the one that is asked for: an opening is mostly waiting for them. */
class CheckpointReads {
  readonly #fs: LogFs;
  readonly #dir: string;
  readonly #numbers: readonly number[];
  /** Those that nobody has taken yet. */
  readonly #reads = new Map<number, Promise<CheckpointRead>>();
  #started = 0;

  constructor(fs: LogFs, dir: string, numbers: readonly number[]) {
    this.#fs = fs;
    this.#dir = dir;
    this.#numbers = numbers;
  }

  async read(order: number): Promise<CheckpointRead> {
    for (; this.#started < Math.min(order + readsAhead, this.#numbers.length); this.#started += 1) {
      const read = this.#start(this.#numbers[this.#started] ?? 0);
      // Whoever asks for it is told; nobody may ask, when the opening fails before.
      read.catch(() => undefined);
      this.#reads.set(this.#started, read);
    }
    const read = this.#reads.get(order);
    this.#reads.delete(order);
    return (await read) ?? 'missing';
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.#reads.values());
  }

  async #start(number: number): Promise<CheckpointRead> {
    const size = await fileSize(this.#fs, join(this.#dir, segmentName(number)));
    return readCheckpoint(this.#fs, this.#dir, number, size);
  }
}

/** False when the checkpoint is of no use for what came before it: then the segment is read. */
function takeOver(state: LogState, checkpoint: CheckpointRead): boolean {
  if (typeof checkpoint === 'string') return false;
  // Where the log begins with a pruned part, its first segment's header has more to tell.
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

/** Damage is a torn write only in the last segment, and only when no whole line says that these bytes had been durable. */
function judge(scan: Scan, number: number, isLast: boolean): TornTail | undefined {
  if (!scan.damage) return undefined;
  const { offset, problem } = scan.damage;
  if (!isLast || scan.claimed > scan.end) {
    throw new AgentRuntimeError('DATA_CORRUPT', `${segmentName(number)} is damaged at byte ${offset}: ${problem}`, {
      hint: 'what comes after is good, so this is no torn write: restore the file from a copy; nothing was changed',
      details: { file: segmentName(number), offset, problem },
    });
  }
  return { number, end: scan.end, contentEnd: scan.contentEnd, problem, offset };
}

async function checkFormat(fs: LogFs, dir: string, hasSegments: boolean): Promise<void> {
  const bytes = await readFileUpTo(fs, join(dir, formatFileName), 4096);
  if (!bytes && !hasSegments) return;
  const parsed = formatFileSchema.safeParse(bytes && parseJson(bytes.toString()));
  if (!parsed.success) {
    throw new AgentRuntimeError(
      'DATA_CORRUPT',
      `${join(dir, formatFileName)} is ${bytes ? 'no FORMAT file' : 'missing'}`,
      {
        hint: `when the segments beside it are whole, write {"format":"runtime-event-log","version":${formatVersion}} into it`,
        details: { file: formatFileName, offset: 0 },
      },
    );
  }
  if (parsed.data.version > formatVersion) {
    throw new AgentRuntimeError(
      'UNSUPPORTED',
      `this log has format ${parsed.data.version}; this version reads up to ${formatVersion}`,
      {
        hint: 'use a newer version of @runtime/event-log',
        details: { version: parsed.data.version, supported: formatVersion },
      },
    );
  }
}

async function fileSize(fs: LogFs, path: string): Promise<number> {
  try {
    const file = await fs.open(path, 'read');
    try {
      return await file.size();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return -1;
    throw error;
  }
}

function missingSegment(number: number): AgentRuntimeError {
  return new AgentRuntimeError('DATA_CORRUPT', `${segmentName(number)} is missing`, {
    hint: 'restore the file from a copy; nothing was changed',
    details: { file: segmentName(number), offset: 0 },
  });
}
