import { chmod, lstat } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { makeDir } from '../fs/make-dir.ts';
import { loadSqlite } from './load-sqlite.ts';
import { lockFileAt } from './lock-file.ts';
import { readOwner, removeOwner, writeOwner } from './owner-file.ts';
import { describeSelf, mayBeAlive, type Owner, type OwnerInfo } from './owner.ts';

/**
 * An exclusive lock that is released when its process ends, in whatever way. A process that is merely stopped keeps it.
 */
export interface WriterLock extends AsyncDisposable {
  /** The lock file, as it was given to `acquireLock`. */
  readonly path: string;
  /**
   * False once the file at the path is not the one that was locked: another process can take the lock then.
   * Synchronous, because every acknowledgement of the log asks.
   */
  readonly held: boolean;
  /**
   * Adds to `owner.json`, and repairs it. The log calls this with its epoch, on a borrowed lock too. Resolves with false,
   * and writes nothing, where the file names another process that lives or has the lock by now.
   */
  describe(info: OwnerInfo): Promise<boolean>;
  /** Removes `owner.json` and releases the lock. Repeatable. */
  release(): Promise<void>;
}

const sqliteBusy = 5;

/**
 * Takes the exclusive lock on this file, which is created (0600, its directory 0700) when it is missing, and writes
 * `owner.json` beside it with this process and `info`.
 * Nothing but this function may ever open the file: a single open and close of it elsewhere in the process silently
 * drops the lock, since it is a POSIX lock.
 * Does not wait: throws CONFLICT when the lock is held, with `details.path`, and `details.owner` when the owner is
 * known.
 * Throws UNAVAILABLE when it cannot be taken at all, as on network file systems without locks.
 */
export async function acquireLock(path: string, info: OwnerInfo = {}): Promise<WriterLock> {
  await makePlace(path);
  const database = await lockDatabase(path);
  const file = lockFileAt(path);
  let owner: Owner = { ...(await describeSelf()), ...(file === undefined ? {} : { lock: file }), ...info };
  let released: Promise<void> | undefined;
  const release = async () => {
    // owner.json first: once the lock is free, it may be the next owner's.
    try {
      await removeOwner(path, owner);
    } finally {
      database.close();
    }
  };
  const lock: WriterLock = {
    path,
    get held() {
      return file !== undefined && lockFileAt(path) === file;
    },
    async describe(more) {
      owner = { ...owner, ...more };
      if (await isOfAnother(lock, owner)) return false;
      await writeOwner(path, owner);
      return true;
    },
    release: () => (released ??= release()),
    [Symbol.asyncDispose]: () => lock.release(),
  };
  try {
    await writeOwner(path, owner);
  } catch (error) {
    database.close();
    throw AgentRuntimeError.from(error, 'UNAVAILABLE');
  }
  return lock;
}

async function makePlace(path: string): Promise<void> {
  try {
    await makeDir(dirname(path));
    await requireFile(path);
  } catch (error) {
    if (AgentRuntimeError.isInstance(error)) throw error;
    throw unlockable(path, error);
  }
}

/**
 * SQLite follows links, and would create or lock a file somewhere else. Does not open the file: that would drop the
 * lock of this process.
 */
async function requireFile(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (!found || found.isFile()) return;
  const kind = found.isSymbolicLink() ? 'a link' : found.isDirectory() ? 'a directory' : 'something else than a file';
  throw new AgentRuntimeError('UNAVAILABLE', `cannot lock ${path}: it is ${kind}`, {
    hint: 'move it away: the lock is a file of its own, in a directory on a local file system',
    details: { path },
    retry: 'never',
  });
}

async function lockDatabase(path: string): Promise<DatabaseSync> {
  let database: DatabaseSync | undefined;
  try {
    const sqlite = loadSqlite();
    database = new sqlite.DatabaseSync(path);
    // SQLite follows the umask, and a user that may open the file may take the lock. By name, because closing a second
    // descriptor would drop the lock. Some file systems have no modes.
    await chmod(path, 0o600).catch(() => undefined);
    // Nothing is ever written: the file stays empty, and only SQLite's locks are used.
    database.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (resultCode(error) === sqliteBusy) throw await heldError(path);
    throw unlockable(path, error);
  }
}

function unlockable(path: string, error: unknown): AgentRuntimeError {
  return new AgentRuntimeError(
    'UNAVAILABLE',
    `cannot lock ${path}: ${error instanceof Error ? error.message : String(error)}`,
    {
      hint: 'use a writable directory on a local file system with locks; network file systems often have none',
      retry: 'never',
      cause: error,
    },
  );
}

/** While the lock is held, a record without a start time proves nothing. After that it is the next owner's. */
async function isOfAnother({ path, held }: WriterLock, { pid, startedAt }: Owner): Promise<boolean> {
  const found = await readOwner(path);
  if (!found || (found.pid === pid && found.startedAt === startedAt)) return false;
  return held ? found.startTime !== undefined && (await mayBeAlive(found)) : mayBeAlive(found);
}

async function heldError(path: string): Promise<AgentRuntimeError> {
  const owner = await currentOwner(path);
  const holder = owner ? `process ${owner.pid}` : 'another process';
  return new AgentRuntimeError('CONFLICT', `${path} is locked by ${holder}`, {
    hint: owner?.socketPath
      ? `connect to it at ${owner.socketPath}, or end it`
      : 'end that process, or use another directory',
    details: owner ? { path, owner } : { path },
  });
}

/** The owner writes `owner.json` a moment after it took the lock; until then the file names the owner before. */
async function currentOwner(path: string): Promise<Owner | undefined> {
  for (let tries = 0; tries < 10; tries += 1) {
    const owner = await readOwner(path);
    if (owner && (await mayBeAlive(owner))) return owner;
    await sleep(20);
  }
  return undefined;
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  // The low byte is the code; the rest says which kind of busy.
  return error.errcode & 0xff;
}
