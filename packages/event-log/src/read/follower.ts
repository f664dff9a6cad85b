import { join } from 'node:path';
import { segmentName, segmentNumbers } from '../format/file-names.ts';
import { listIfThere, openIfThere } from '../fs/files.ts';
import type { LogFile } from '../fs/log-fs.ts';
import { headerIn } from '../recover/header-in.ts';
import { loadLog, type LoadOptions } from '../recover/load-log.ts';
import { scanSegment } from '../recover/scan-segment.ts';
import type { LogState } from '../state/log-state.ts';
import type { Wakeups } from './wakeups.ts';

/** How often files are read where the operating system reports no changes. */
const pollMs = 1000;
/** Bytes at the end of the last line read: its checksum among them shows whether the file is still the same. */
const markBytes = 32;

/** The files that are followed. */
export type FollowedFiles = Omit<LoadOptions, 'live'>;

/** Keeps a state up to date with files that another process writes. Reads only what is new. */
export class Follower {
  state: LogState;
  /** Raised when the writer's repair cut off events that had been read. */
  generation = 0;
  failure: unknown;
  wakeups: Wakeups | undefined;
  #offset = 0;
  #mark: Buffer = Buffer.alloc(0);
  /** The unfinished end that was seen last. When it is still there the next time, all files are read again. */
  #stuckAt = -1;
  #stopWatching: (() => void) | undefined;
  #refreshing: Promise<void> | undefined;
  #again = false;
  /** The index speaks of a file that is not there any more. */
  #stale = false;
  readonly #files: FollowedFiles;

  private constructor(files: FollowedFiles, state: LogState) {
    this.#files = files;
    this.state = state;
  }

  static async open(files: FollowedFiles): Promise<Follower> {
    const { state } = await loadLog({ ...files, live: true });
    const follower = new Follower(files, state);
    await follower.#settle();
    return follower;
  }

  /** Reads what is new. Throws DATA_CORRUPT. Overlapping calls share one reading. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#readNew().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Reads all files again: a segment was written anew. */
  async renew(): Promise<void> {
    this.#stale = true;
    await this.#refreshing?.catch(() => undefined);
    if (this.#stale) await this.refresh();
  }

  /** Watches the files until no reader waits. */
  watch(): void {
    if (this.#stopWatching) return;
    const look = () => this.#look();
    const timer = setInterval(look, pollMs);
    const stop = this.#files.fs.watch?.(this.#files.dir, look);
    this.#stopWatching = () => {
      clearInterval(timer);
      stop?.();
    };
    // For changes between the last reading and the watch.
    look();
  }

  stop(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  #look(): void {
    if (this.wakeups?.waiting === 0) return this.stop();
    if (this.#refreshing) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.refresh().then(
      () => {
        if (this.#again && this.#stopWatching) this.#look();
      },
      (error: unknown) => {
        this.failure = error;
        this.wakeups?.wakeAll();
        this.stop();
      },
    );
  }

  async #readNew(): Promise<void> {
    const before = this.state.position;
    const revision = (stream: string) => this.state.index.revision(stream);
    const seen = [...(this.wakeups?.streams ?? [])].map((stream) => ({ stream, revision: revision(stream) }));
    if (this.#stale) await this.#reload();
    await this.#advance();
    if (this.state.position <= before) return;
    const grown = seen.filter((entry) => revision(entry.stream) !== entry.revision);
    this.wakeups?.wake(
      before,
      grown.map(({ stream }) => stream),
    );
  }

  async #advance(): Promise<void> {
    while (true) {
      const number = this.state.segment?.number;
      if (number === undefined) return this.#reload();
      const file = await openIfThere(this.#files.fs, this.#path(number));
      if (!file) return this.#reload();
      try {
        if (!(await this.#unchanged(file))) return await this.#reload();
        // Checked before reading: once there is a next segment, this one does not grow any more.
        const next = await this.#hasSegment(number + 1);
        const from = this.#offset;
        const stuck = await this.#scan(file, from);
        if (stuck) return await this.#reload();
        if (!next && this.#offset === from && (await this.#hasLater(number))) return await this.#reload();
        if (!next) return;
      } finally {
        await file.close();
      }
      if (!(await this.#enter(number + 1))) return;
    }
  }

  /** Reads on from `from`. True when the unfinished end is the same as the last time. */
  async #scan(file: LogFile, from: number): Promise<boolean> {
    const scan = await scanSegment(file, this.state, { from, eager: true });
    const stuck = scan.damage !== undefined && this.#stuckAt === scan.end;
    this.#stuckAt = scan.damage && !stuck ? scan.end : -1;
    this.#offset = scan.end;
    this.#mark = await readMark(file, scan.end);
    return stuck;
  }

  async #enter(number: number): Promise<boolean> {
    const file = await openIfThere(this.#files.fs, this.#path(number));
    if (!file) return false;
    try {
      await this.#scan(file, 0);
      if (this.state.segment?.number === number) return true;
      // Its header may be half written. When it is whole and does not fit, or its writer was replaced before it was, the
      // later segments say what counts.
      if (this.#offset > 0 || (await headerIn(file)) || (await this.#hasLater(number))) await this.#reload();
      else await this.#settle();
      return false;
    } finally {
      await file.close();
    }
  }

  /**
   * Reads all files again, because they changed under the reader: the writer cut off what it had not acknowledged, or
   * there is damage, which loading reports.
   */
  async #reload(): Promise<void> {
    this.#stale = false;
    const { state } = await loadLog({ ...this.#files, live: true });
    this.state = state;
    this.generation += 1;
    this.#stuckAt = -1;
    await this.#settle();
    this.wakeups?.wakeAll();
  }

  /** Notes where the state ends in its segment. */
  async #settle(): Promise<void> {
    const { segment } = this.state;
    if (!segment) return;
    this.#offset = segment.end;
    const file = await openIfThere(this.#files.fs, this.#path(segment.number));
    if (!file) return;
    try {
      this.#mark = await readMark(file, segment.end);
    } finally {
      await file.close();
    }
  }

  async #unchanged(file: LogFile): Promise<boolean> {
    return this.#mark.equals(await readMark(file, this.#offset));
  }

  async #hasSegment(number: number): Promise<boolean> {
    const file = await openIfThere(this.#files.fs, this.#path(number));
    await file?.close();
    return file !== undefined;
  }

  async #hasLater(number: number): Promise<boolean> {
    const { fs, dir } = this.#files;
    return segmentNumbers(await listIfThere(fs, dir)).some((other) => other > number);
  }

  #path(number: number): string {
    return join(this.#files.dir, segmentName(number));
  }
}

async function readMark(file: LogFile, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.min(markBytes, end));
  const count = await file.read(bytes, end - bytes.length);
  return bytes.subarray(0, count);
}
