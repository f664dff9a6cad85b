import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { systemCode } from '@runtime/contracts';
import type { StoreFile, StoreFs } from './store-fs.ts';

const noFollow = constants.O_NOFOLLOW ?? 0;
const flags = {
  // Opening a FIFO would wait for its writer.
  read: constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0),
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | noFollow,
};

/** The file system of this machine. No call is synchronous. */
export function nodeFs(): StoreFs {
  return {
    open: async (path, mode) => regular(await open(path, flags[mode], 0o600), path),
    makeDir,
    list: (path) => readdir(path),
    rename: (from, to) => rename(from, to),
    remove: (path) => unlink(path),
    syncDir,
  };
}

/** What somebody put there instead of a file is refused as a link is. */
async function regular(handle: FileHandle, path: string): Promise<StoreFile> {
  if (!(await handle.stat()).isFile()) {
    await handle.close();
    throw Object.assign(new Error(`${path} is no file`), { code: 'ELOOP' });
  }
  return {
    read: async (into, position) => (await handle.read(into, 0, into.byteLength, position)).bytesRead,
    write: async (bytes, position) => (await handle.write(bytes, 0, bytes.byteLength, position)).bytesWritten,
    sync: () => handle.datasync(),
    size: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

async function makeDir(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
}

async function syncDir(path: string): Promise<void> {
  // Windows cannot open a directory; its file systems journal names by themselves.
  if (process.platform === 'win32') return;
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
