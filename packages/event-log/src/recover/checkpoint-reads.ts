import { join } from 'node:path';
import { segmentName } from '../format/file-names.ts';
import { openIfThere } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import type { CheckpointRead } from '../state/checkpoint.ts';
import { readCheckpoint } from '../state/checkpoint.ts';

/** Bounds the open files. */
const readsAhead = 16;

/** Reads the checkpoints of segments in order, some ahead of the one that is asked for: an opening is mostly waiting for them. */
export class CheckpointReads {
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
