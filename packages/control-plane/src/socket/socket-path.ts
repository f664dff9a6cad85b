import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { socketDirectory } from '@runtime/adapter-kit/run';

/**
 * The path of a data directory's control socket: named by a hash of the directory's real path, in the user's own
 * directory for sockets, which is made when it is missing. The same environment leads to the same path.
 * Throws UNAVAILABLE when there is no safe directory with a path that is short enough.
 */
export async function socketPath(dataDir: string): Promise<string> {
  const real = await realpath(resolve(dataDir)).catch(() => resolve(dataDir));
  const name = `${createHash('sha256').update(real).digest('hex').slice(0, 24)}.sock`;
  return join(await socketDirectory({ nameBytes: name.length }), name);
}
