import type { FaultFs } from '@runtime/conformance/event-log';
import type { LogFile, LogFs } from '../../src/testing.ts';

/** A process that is stopped at one of its operations, and goes on later. */
export interface PausedFs {
  readonly fs: LogFs;
  /** Resolves when the operation is reached. */
  readonly reached: Promise<void>;
  /** How many operations there were so far. */
  readonly count: () => number;
  readonly goOn: () => void;
}

/**
 * The file system as a process sees it that is stopped right before or right after its operation of this number. Other
 * processes use the same disk meanwhile.
 */
export function pausedFs(disk: FaultFs, at: number, after: boolean): PausedFs {
  const reached = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  let count = 0;
  const step = async <T>(run: () => Promise<T>): Promise<T> => {
    const number = count;
    count += 1;
    if (number > at) await going.promise;
    if (number !== at) return run();
    const result = after ? await Promise.allSettled([run()]) : undefined;
    reached.resolve();
    await going.promise;
    const [settled] = result ?? (await Promise.allSettled([run()]));
    if (settled.status === 'rejected') throw settled.reason;
    return settled.value;
  };
  const file = (inner: LogFile): LogFile => ({
    read: (into, position) => step(() => inner.read(into, position)),
    write: (bytes, position) => step(() => inner.write(bytes, position)),
    sync: () => step(() => inner.sync()),
    truncate: (length) => step(() => inner.truncate(length)),
    size: () => inner.size(),
    isAt: (path) => inner.isAt(path),
    lengthAt: (path) => inner.lengthAt(path),
    close: () => inner.close(),
  });
  return {
    reached: reached.promise,
    count: () => count,
    goOn: () => going.resolve(),
    fs: {
      open: (path, mode) => step(async () => file(await disk.open(path, mode))),
      makeDir: () => disk.makeDir(),
      list: (path) => step(() => disk.list(path)),
      rename: (from, to) => step(() => disk.rename(from, to)),
      remove: (path) => step(() => disk.remove(path)),
      syncDir: (path) => step(() => disk.syncDir(path)),
    },
  };
}
