import { chmod, mkdir } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError } from '@runtime/contracts';
import { loadSqlite } from './load-sqlite.ts';
import { readOwner, removeOwner, writeOwner } from './owner-file.ts';
import type { Owner, OwnerInfo } from './owner.ts';
import { describeSelf, mayBeAlive } from './owner.ts';

/** An exclusive right that ends with its process, however that ends, and not while it is merely stopped. */
export interface WriterLock extends AsyncDisposable {
  readonly path: string;
  /** Adds to what `owner.json` says. */
  describe(info: OwnerInfo): Promise<void>;
  /** Gives the lock back. Repeatable. */
  release(): Promise<void>;
}

const sqliteBusy = 5;

/**
 * Takes the exclusive lock on this file, creating it (and its directory, 0700) when missing, and says who holds it in `owner.json` beside it.
 * Nothing but this function may ever open the file: one open and close of it elsewhere in the process silently drops the lock.
 * Throws CONFLICT at once when somebody holds it (`details.owner` when known); UNAVAILABLE where the file system has no locks, as some network ones.
 */
export async function acquireLock(path: string, info: OwnerInfo = {}): Promise<WriterLock> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const database = await lockDatabase(path);
  let owner: Owner = { ...(await describeSelf()), ...info };
  let released: Promise<void> | undefined;
  const release = async () => {
    // The name first: once the lock is free, owner.json may be the next holder's.
    try {
      await removeOwner(path);
    } finally {
      database.close();
    }
  };
  const lock: WriterLock = {
    path,
    async describe(more) {
      owner = { ...owner, ...more };
      await writeOwner(path, owner);
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

async function lockDatabase(path: string): Promise<DatabaseSync> {
  let database: DatabaseSync | undefined;
  try {
    const sqlite = loadSqlite();
    database = new sqlite.DatabaseSync(path);
    // Sqlite goes by the umask, and who may open the file may hold the lock. By name: a second descriptor would drop it. Some file systems have no modes.
    await chmod(path, 0o600).catch(() => undefined);
    // No write follows, ever: the file stays empty, and all that happens are the locks.
    database.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (resultCode(error) === sqliteBusy) throw await heldError(path);
    throw new AgentRuntimeError(
      'UNAVAILABLE',
      `cannot lock ${path}: ${error instanceof Error ? error.message : String(error)}`,
      {
        hint: 'the directory must be writable and on a local file system with locks; network file systems often have none',
        retry: 'never',
        cause: error,
      },
    );
  }
}

async function heldError(path: string): Promise<AgentRuntimeError> {
  const owner = await currentOwner(path);
  const who = owner ? `process ${owner.pid}` : 'another process';
  return new AgentRuntimeError('CONFLICT', `${path} is held by ${who}`, {
    hint: owner?.socketPath
      ? `speak to it at ${owner.socketPath}, or end it`
      : 'end that process, or use another directory',
    details: owner ? { path, owner } : { path },
  });
}

/** The holder writes `owner.json` a moment after it has the lock: until then the one before it stands there. */
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
  // The low byte; the rest says which kind of busy.
  return error.errcode & 0xff;
}
