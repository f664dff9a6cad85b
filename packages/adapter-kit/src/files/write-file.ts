import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';

/** Options of `writeNew` and `replaceFile`. */
export interface WriteOptions {
  /** Permissions of the new file. @default 0o600: what belongs to a run is for its user alone */
  readonly mode?: number;
  /** Sync it before the call resolves. @default false: it survives our death, not the machine's */
  readonly durable?: boolean;
}

/**
 * Writes a file of a run that was not there. Of several writers one succeeds, so the file can be a right: to start the
 * run, for instance.
 * With `durable` the content is synced; its name is durable after the next durable `replaceFile` in the same directory.
 * Throws CONFLICT when there is such a file, UNAVAILABLE when it cannot be written.
 */
export async function writeNew(file: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<void> {
  try {
    await write(file, 'wx', data, options);
  } catch (cause) {
    if (systemCode(cause) !== 'EEXIST') throw unwritten(file, cause);
    throw new AgentRuntimeError('CONFLICT', `the run was started before: ${path.basename(file)} exists`, {
      hint: 'start a new run: a run directory is used once',
      cause,
    });
  }
}

/**
 * Writes a file in one step (`<file>.tmp`, then a rename): a reader finds the old content or the new one, never a part.
 * One writer at a time.
 * With `durable` the content and the directory are synced: the new content survives a power cut.
 * Throws UNAVAILABLE when it cannot be written; then the old content stays.
 */
export async function replaceFile(file: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<void> {
  const draft = `${file}.tmp`;
  // No FIFO is waited for.
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    await write(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, data, options);
    await rename(draft, file);
    // Without it a power cut may undo the rename.
    if (options.durable === true) await syncDirectory(path.dirname(file));
  } catch (cause) {
    throw unwritten(file, cause);
  }
}

async function write(
  file: string,
  flags: string | number,
  data: string | Uint8Array,
  { mode = 0o600, durable = false }: WriteOptions,
): Promise<void> {
  const handle = await open(file, flags, mode);
  try {
    await handle.writeFile(data);
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the names in a directory durable. Throws what the system says. */
export async function syncDirectory(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unwritten(file: string, cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('UNAVAILABLE', `${file} cannot be written`, { cause });
}
