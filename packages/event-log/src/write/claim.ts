import { join } from 'node:path';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { claimName } from '../format/file-names.ts';
import { encodeRecord } from '../format/records.ts';
import { removeIfThere, writeFully } from '../fs/files.ts';
import type { LogFile, LogFs } from '../fs/log-fs.ts';
import { readClaims, type Extent } from '../state/claims.ts';

const maxTries = 16;

/**
 * A writer's claim to an epoch: a file that only one process can create. Creating it removes the claims of all writers
 * before. Each of them looks for its claim between a write and the acknowledgement, so what it acknowledges is in the
 * files that the new writer reads after this.
 */
export class Claim {
  readonly epoch: number;
  /** The highest epoch that was claimed before by another opening; 0 when no claim is known. */
  readonly previous: number;
  readonly #file: LogFile;
  readonly #path: string;
  #released: Promise<void> | undefined;

  private constructor(path: string, file: LogFile, epoch: number, previous: number) {
    this.#path = path;
    this.#file = file;
    this.epoch = epoch;
    this.previous = previous;
  }

  /**
   * Claims an epoch above all claims and above `floor`. `own` is an earlier claim of this opening, which is let go.
   * Throws CONFLICT when other processes are quicker again and again.
   */
  static async take(fs: LogFs, dir: string, floor: number, own?: Claim): Promise<Claim> {
    await own?.release();
    for (let tries = 0; tries < maxTries; tries += 1) {
      const before = await readClaims(fs, dir);
      const epoch = Math.max(floor, ...before.map((claim) => claim.epoch)) + 1;
      const path = join(dir, claimName(epoch));
      const file = await createIfMissing(fs, path);
      if (!file) continue;
      const others = before.filter((claim) => claim.epoch !== own?.epoch).map((claim) => claim.epoch);
      const claim = new Claim(path, file, epoch, Math.max(own?.previous ?? 0, ...others));
      try {
        // What is known must outlast an opening that refuses.
        const extent = before.findLast((earlier) => earlier.extent)?.extent;
        if (extent) await claim.note(extent);
        for (const lower of before) await removeIfThere(fs, join(dir, lower.file));
        return claim;
      } catch (error) {
        await claim.release();
        throw error;
      }
    }
    throw new AgentRuntimeError('CONFLICT', `other processes are opening the log in ${dir}`, {
      hint: 'use one process for a log',
    });
  }

  /** The file's name. */
  get name(): string {
    return claimName(this.epoch);
  }

  /** False once another writer has claimed a higher epoch, or the directory is not the same any more. */
  get holds(): boolean {
    return this.#file.lengthAt(this.#path) !== undefined;
  }

  /** Notes in the claim how far the log is durable: an opening that finds less refuses. Overlapping calls must not be. */
  async note(extent: Extent): Promise<void> {
    const line = encodeRecord({ log: 'writer', ...extent }, 0);
    await writeFully(this.#file, line, 0);
    await this.#file.truncate(line.length);
  }

  /** Closes the file and leaves it: the next opening reads it. Repeatable. */
  release(): Promise<void> {
    this.#released ??= this.#file.close();
    return this.#released;
  }
}

async function createIfMissing(fs: LogFs, path: string): Promise<LogFile | undefined> {
  try {
    return await fs.open(path, 'create');
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return undefined;
    throw error;
  }
}
