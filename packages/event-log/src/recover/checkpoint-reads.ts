import { join } from 'node:path';
import { segmentName } from '../format/file-names.ts';
import { openIfThere } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { readCheckpoint, type Checkpoint } from '../state/checkpoint.ts';

/** The most checkpoints that are read at the same time; bounds open files. */
const readsAhead = 16;

/** What there is of a segment. */
export interface SegmentFiles {
  /** Undefined when there is none that can be used. */
  readonly checkpoint: Checkpoint | undefined;
  /** The length of the segment's file; -1 when there is none. */
  readonly size: number;
}

/** Reads checkpoints in order, some ahead of the wanted one: an opening is mostly waiting for them. */
export class CheckpointReads {
  readonly #fs: LogFs;
  readonly #dir: string;
  readonly #numbers: readonly number[];
  /** Reads that were started and not taken yet, by order. */
  readonly #reads = new Map<number, Promise<SegmentFiles>>();
  #started = 0;

  constructor(fs: LogFs, dir: string, numbers: readonly number[]) {
    this.#fs = fs;
    this.#dir = dir;
    this.#numbers = numbers;
  }

  async read(order: number): Promise<SegmentFiles> {
    for (; this.#started < Math.min(order + readsAhead, this.#numbers.length); this.#started += 1) {
      const read = this.#start(this.#numbers[this.#started] ?? 0);
      // `read` throws the failure. An opening that fails earlier never asks, and the rejection must not be unhandled.
      read.catch(() => undefined);
      this.#reads.set(this.#started, read);
    }
    const read = this.#reads.get(order);
    this.#reads.delete(order);
    return (await read) ?? { checkpoint: undefined, size: -1 };
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.#reads.values());
  }

  async #start(number: number): Promise<SegmentFiles> {
    const size = await fileSize(this.#fs, join(this.#dir, segmentName(number)));
    return { size, checkpoint: await readCheckpoint(this.#fs, this.#dir, number) };
  }
}

/** -1 when there is no such file. */
async function fileSize(fs: LogFs, path: string): Promise<number> {
  const file = await openIfThere(fs, path);
  if (!file) return -1;
  try {
    return await file.size();
  } finally {
    await file.close();
  }
}
