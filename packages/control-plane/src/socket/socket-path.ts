import { createHash } from 'node:crypto';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';

/** What the kernel takes for the path of a unix socket, less the closing NUL. */
const maxSocketPath = 107;

/** Where sockets of this user live. Not in the data directory: its path may be too long for one. */
export function socketDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const runtimeDir = env['XDG_RUNTIME_DIR'];
  return runtimeDir ? join(runtimeDir, 'runtime') : join(tmpdir(), `runtime-${userInfo().uid}`);
}

/** The control socket of a data directory, named by a hash of its real path. The directory must exist. */
export async function socketPath(dataDir: string): Promise<string> {
  const real = await realpath(resolve(dataDir)).catch(() => resolve(dataDir));
  const name = createHash('sha256').update(real).digest('hex').slice(0, 24);
  const path = join(socketDirectory(), `${name}.sock`);
  if (Buffer.byteLength(path) > maxSocketPath) {
    throw new AgentRuntimeError(
      'INVALID_ARGUMENT',
      `the socket's path is longer than ${maxSocketPath} bytes: ${path}`,
      {
        hint: 'set XDG_RUNTIME_DIR or TMPDIR to a shorter directory',
      },
    );
  }
  return path;
}

/** Makes the directory of the sockets, or refuses one that somebody else could have put there. */
export async function ensureSocketDirectory(dir = socketDirectory()): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const found = await lstat(dir);
  const mine = found.uid === userInfo().uid;
  if (!found.isDirectory() || !mine || (found.mode & 0o077) !== 0) {
    throw new AgentRuntimeError('PERMISSION_DENIED', `${dir} is not a directory of ours alone (0700)`, {
      hint: 'remove it, or set XDG_RUNTIME_DIR to a directory of your own',
    });
  }
}
