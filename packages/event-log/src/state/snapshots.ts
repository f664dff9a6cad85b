import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Snapshot } from '@runtime/contracts/log';
import { AgentRuntimeError } from '@runtime/contracts';
import { z } from 'zod';
import { snapshotDirName } from '../format/file-names.ts';
import { decodeRecord, encodeRecord, parseJson } from '../format/records.ts';
import { listIfThere, readFileUpTo, writeAtomically } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import type { Problems } from './problems.ts';

/** First line of a snapshot's file; the second line is the state. */
const headerSchema = z.object({
  log: z.literal('snapshot'),
  logId: z.string(),
  name: z.string(),
  version: z.string(),
  position: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  stateCrc: z.number().int().nonnegative(),
});

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const suffix = '.json';
/** Longer than any header, since name and version are short. */
const headerBytes = 4096;

/** The snapshots of one log, each in a file. */
export class Snapshots {
  readonly #fs: LogFs;
  readonly #dir: string;
  readonly #problems: Problems;
  /** Writes of one name wait for each other, because they share a temporary file. */
  readonly #writes = new Map<string, Promise<void>>();

  constructor(fs: LogFs, dir: string, problems: Problems) {
    this.#fs = fs;
    this.#dir = join(dir, snapshotDirName);
    this.#problems = problems;
  }

  async read(logId: string, name: string, version: string, head: number): Promise<Snapshot | undefined> {
    const bytes = await this.#readFile(checkName(name) + suffix);
    if (!bytes) return undefined;
    const header = headerSchema.safeParse(decodeRecord(bytes));
    const lineEnd = bytes.indexOf(0x0a) + 1;
    const state = bytes.subarray(lineEnd, -1);
    if (!header.success || state.length !== header.data.bytes || crc32(state) !== header.data.stateCrc) {
      return this.#ignore(name + suffix, 'damaged');
    }
    const { data } = header;
    if (data.logId !== logId) return this.#ignore(name + suffix, `belongs to log ${data.logId}`);
    if (data.version !== version) return undefined;
    if (data.position > head) return this.#ignore(name + suffix, `newer than the log, which ends at position ${head}`);
    return { version, position: data.position, state: parseJson(state.toString()) };
  }

  async write(logId: string, name: string, snapshot: Snapshot): Promise<void> {
    checkName(name);
    if (snapshot.version.length > 1000)
      throw new AgentRuntimeError('INVALID_ARGUMENT', 'the version of a snapshot may have 1000 characters at most');
    const state = Buffer.from(JSON.stringify(snapshot.state ?? null));
    const { version, position } = snapshot;
    const header = { log: 'snapshot', logId, name, version, position, bytes: state.length, stateCrc: crc32(state) };
    const bytes = Buffer.concat([encodeRecord(header, 0), state, Buffer.from('\n')]);
    const previous = this.#writes.get(name) ?? Promise.resolve();
    const written = previous.catch(() => undefined).then(() => this.#writeFile(name, bytes));
    this.#writes.set(name, written);
    try {
      await written;
    } finally {
      if (this.#writes.get(name) === written) this.#writes.delete(name);
    }
  }

  /** Waits for writes under way. Their failures go to their callers. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#writes.values());
  }

  /**
   * Which positions of which log the snapshots hold: an undamaged log does not end before them. Of names that differ
   * only in a number at their end, the highest one that is whole speaks for all: a fold that is saved in many snapshots
   * costs an opening no more than one that is saved in one.
   */
  async positions(): Promise<{ file: string; logId: string; position: number }[]> {
    const positions = [];
    const known = new Set<string>();
    const names = await listIfThere(this.#fs, this.#dir);
    for (const name of names.toSorted((a, b) => numberOf(b) - numberOf(a))) {
      if (!name.endsWith(suffix) || known.has(seriesOf(name))) continue;
      const bytes = await this.#readFile(name, headerBytes);
      const header = headerSchema.safeParse(bytes && decodeRecord(bytes));
      if (!header.success) continue;
      known.add(seriesOf(name));
      const { logId, position } = header.data;
      positions.push({ file: `${snapshotDirName}/${name}`, logId, position });
    }
    return positions;
  }

  /** A snapshot only saves time: one that cannot be read is as good as none. */
  async #readFile(name: string, limit?: number): Promise<Buffer | undefined> {
    try {
      return await readFileUpTo(this.#fs, join(this.#dir, name), limit);
    } catch (error) {
      return this.#ignore(name, `cannot be read: ${String(error)}`);
    }
  }

  async #writeFile(name: string, bytes: Buffer): Promise<void> {
    // A log whose directory is gone stays gone: half of one would stand in the way of the next.
    await this.#fs.makeDir(this.#dir, { parents: false });
    await writeAtomically(this.#fs, this.#dir, name + suffix, bytes);
  }

  #ignore(name: string, problem: string): undefined {
    this.#problems.add({
      file: `${snapshotDirName}/${name}`,
      problem,
      action: 'ignored; its owner builds a new one from the log',
    });
    return undefined;
  }
}

/** The file's name without the number at its end; the whole name where there is none. */
function seriesOf(file: string): string {
  return file.replace(/\d+\.json$/, '#');
}

function numberOf(file: string): number {
  return Number(/\d+(?=\.json$)/.exec(file)?.[0] ?? 0);
}

/** Throws INVALID_ARGUMENT for a position that the log has not reached. */
export function assertNotNewer({ position }: Snapshot, head: number): void {
  if (Number.isSafeInteger(position) && position >= 0 && position <= head) return;
  const message = `a snapshot at ${position} is newer than the log, which ends at ${head}`;
  throw new AgentRuntimeError('INVALID_ARGUMENT', message, { hint: 'take snapshots of acknowledged events only' });
}

function checkName(name: string): string {
  if (namePattern.test(name)) return name;
  throw new AgentRuntimeError('INVALID_ARGUMENT', `${JSON.stringify(name.slice(0, 80))} is not a snapshot name`, {
    hint: 'use 1 to 64 characters of a to z, 0 to 9, dot, dash and underscore',
  });
}
