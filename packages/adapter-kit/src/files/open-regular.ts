import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { isOwn } from './is-own.ts';

/**
 * Opens a file of a run for reading: never through a symbolic link, never waiting for a FIFO's writer. Undefined when
 * there is none.
 * Throws INVALID_ARGUMENT for what is no regular file or another user's, UNAVAILABLE when the system cannot open it.
 */
export async function openRegular(file: string): Promise<FileHandle | undefined> {
  return (await openStated(file))?.handle;
}

/** An open file, and what the system said of it. */
export interface StatedFile {
  readonly handle: FileHandle;
  readonly stats: Stats;
}

/** As `openRegular`, without another question to the system. */
export async function openStated(file: string): Promise<StatedFile | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw irregular(file);
    throw AgentRuntimeError.from(error, 'UNAVAILABLE');
  }
  const stats = await handle.stat();
  if (stats.isFile() && isOwn(stats)) return { handle, stats };
  await handle.close();
  throw stats.isFile() ? foreign(file) : irregular(file);
}

function foreign(file: string): AgentRuntimeError {
  return new AgentRuntimeError('INVALID_ARGUMENT', `${file} belongs to another user`);
}

function irregular(file: string): AgentRuntimeError {
  return new AgentRuntimeError('INVALID_ARGUMENT', `${file} is not a regular file`);
}
