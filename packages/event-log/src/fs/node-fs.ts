import {
  close,
  constants,
  fdatasync,
  fstat,
  fstatSync,
  fsync,
  ftruncate,
  open,
  read,
  readdir,
  readlinkSync,
  rename,
  statSync,
  unlink,
  watch,
  write,
} from 'node:fs';
import { systemCode } from '@runtime/contracts';
import type { LogFile, LogFs, OpenMode } from './log-fs.ts';
import { makeDir } from './make-dir.ts';

/** The file system of this machine, through asynchronous calls of `node:fs`. Files are 0600, directories 0700. */
export function nodeFs(): LogFs {
  return {
    async open(path, mode) {
      const fd = await settle<number>((done) => open(path, openFlags(mode), 0o600, done));
      return nodeFile(fd, mode === 'write-durable' && !constants.O_DSYNC);
    },
    makeDir,
    list: (path) => settle<string[]>((done) => readdir(path, done)),
    rename: (from, to) => settle((done) => rename(from, to, done)),
    remove: (path) => settle((done) => unlink(path, done)),
    syncDir,
    watch: watchDir,
  };
}

function openFlags(mode: OpenMode): number {
  const base = constants.O_NOFOLLOW ?? 0;
  // Opening a FIFO would wait for its writer.
  if (mode === 'read') return base | constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  const flags = base | constants.O_RDWR | constants.O_CREAT;
  if (mode === 'create') return flags | constants.O_EXCL;
  return mode === 'write' ? flags : flags | (constants.O_DSYNC ?? 0);
}

/** `syncEach` stands in for O_DSYNC where the platform has none (Windows). */
function nodeFile(fd: number, syncEach: boolean): LogFile {
  const sync = () => settle((done) => fdatasync(fd, done));
  let own: { readonly dev: number; readonly ino: number } | undefined;
  // While the file is open, no other file gets its inode.
  const lengthAt = (path: string): number | undefined => {
    own ??= fstatSync(fd);
    const found = lookUp(path);
    return found && found.ino === own.ino && found.dev === own.dev ? found.size : undefined;
  };
  const link = `/proc/${process.pid}/fd/${fd}`;
  let name: string | undefined;
  return {
    read: (into, position) => settle<number>((done) => read(fd, into, 0, into.byteLength, position, done)),
    async write(bytes, position) {
      const written = await settle<number>((done) => write(fd, bytes, 0, bytes.byteLength, position, done));
      if (syncEach) await sync();
      return written;
    },
    sync,
    truncate: (length) => settle((done) => ftruncate(fd, length, done)),
    size: async () => (await settle<{ size: number }>((done) => fstat(fd, done))).size,
    isAt(path) {
      const now = nameOf(link);
      if (now !== undefined && now === name) return true;
      if (lengthAt(path) === undefined) return false;
      name = now;
      return true;
    },
    lengthAt,
    close: () => settle((done) => close(fd, done)),
  };
}

/**
 * The name by which Linux knows an open file, given by its link in /proc, now: it changes when the file or a directory above it is renamed, removed or
 * replaced. Undefined elsewhere. Not by stat: a file whose times were asked for since its last write is written more
 * slowly, by some 30 µs on ext4 (Linux 6.13 and later, multigrain timestamps).
 */
function nameOf(link: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

/** Undefined when there is nothing at the path, or nothing that can be looked at. */
function lookUp(path: string): { readonly dev: number; readonly ino: number; readonly size: number } | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

async function syncDir(path: string): Promise<void> {
  // Windows cannot open a directory; its file systems journal names by themselves.
  if (process.platform === 'win32') return;
  const fd = await settle<number>((done) => open(path, constants.O_RDONLY, done));
  try {
    await settle((done) => fsync(fd, done));
  } finally {
    await settle((done) => close(fd, done));
  }
}

/** There is no such directory, or no watcher is left. */
const unwatchable: ReadonlySet<string> = new Set(['ENOENT', 'EMFILE', 'ENOSPC', 'ENFILE']);

function watchDir(path: string, onChange: () => void): () => void {
  try {
    const watcher = watch(path, () => onChange());
    // Without a watcher (too many, directory gone) the poll of the caller still finds every change.
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch (error) {
    if (unwatchable.has(systemCode(error) ?? '')) return () => undefined;
    throw error;
  }
}

/** The callback interface of node:fs is measurably cheaper per call than FileHandle. */
function settle<T = void>(call: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error);
      else resolve(value as T);
    });
  });
}
