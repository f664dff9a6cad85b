import { lstat, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { makeDirectory } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';

/**
 * Makes a data directory (0700) where it is missing, and resolves with its real path. As ssh does with its files, it
 * refuses one in which another user could put what we then trust: its log decides which programs are started, as this
 * user.
 * Throws INVALID_ARGUMENT for what is no directory or a symbolic link, PERMISSION_DENIED for one that belongs to another
 * user or that others may write to, UNAVAILABLE where it cannot be made; each names the path.
 */
export async function prepareDataDir(dataDir: string): Promise<string> {
  const directory = resolve(dataDir);
  try {
    const there = await lstat(directory).catch(() => undefined);
    if (!there) await makeDirectory(directory);
    const found = await lstat(directory);
    if (found.isSymbolicLink()) throw linked(directory, await realpath(directory).catch(() => undefined));
    if (!found.isDirectory()) throw notADirectory(directory);
    const uid = process.getuid?.();
    // Where there are no user ids, there are no modes either.
    if (uid !== undefined) refuseUnsafe(directory, found, uid);
    return await realpath(directory);
  } catch (error) {
    if (AgentRuntimeError.isInstance(error)) throw error;
    if (systemCode(error) === 'ENOTDIR' || systemCode(error) === 'EEXIST') throw notADirectory(directory, error);
    throw cannotBeUsed(directory, error);
  }
}

function refuseUnsafe(
  directory: string,
  { uid, mode }: { readonly uid: number; readonly mode: number },
  own: number,
): void {
  if (uid !== own) {
    throw new AgentRuntimeError('PERMISSION_DENIED', `the data directory ${directory} belongs to user ${uid}`, {
      hint: `you are user ${own}: choose a directory of your own with --data-dir, or work as its user`,
    });
  }
  if ((mode & 0o022) !== 0) {
    const shown = (mode & 0o777).toString(8);
    throw new AgentRuntimeError(
      'PERMISSION_DENIED',
      `others may write to the data directory ${directory} (mode ${shown})`,
      {
        hint: `chmod 700 ${directory}, once you have seen that nothing in it is strange`,
      },
    );
  }
}

const linked = (directory: string, target: string | undefined): AgentRuntimeError =>
  new AgentRuntimeError('INVALID_ARGUMENT', `the data directory ${directory} is a symbolic link`, {
    hint: target === undefined ? 'it leads nowhere: remove it' : `name the directory itself: --data-dir ${target}`,
  });

const notADirectory = (directory: string, cause?: unknown): AgentRuntimeError =>
  new AgentRuntimeError('INVALID_ARGUMENT', `the data directory ${directory} is not a directory, or is below a file`, {
    hint: 'choose another path with --data-dir',
    cause,
  });

function cannotBeUsed(directory: string, cause: unknown): AgentRuntimeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AgentRuntimeError('UNAVAILABLE', `the data directory ${directory} cannot be made or used: ${why}`, {
    hint: 'choose a directory that you can write to, with --data-dir or RUNTIME_DATA_DIR',
    retry: 'never',
    cause,
  });
}
