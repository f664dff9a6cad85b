import { createHash } from 'node:crypto';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';

/** A unix socket's path ends here, on every system: `sun_path` without its NUL. */
const maxSocketBytes = 107;

/** What decides where sockets are. */
export interface SocketPlace {
  /** `$XDG_RUNTIME_DIR`, where there is one. */
  readonly runtimeDir: string | undefined;
  readonly tmp: string;
  readonly uid: number;
}

/** This process's own. */
export function currentSocketPlace(): SocketPlace {
  return { runtimeDir: process.env['XDG_RUNTIME_DIR'], tmp: tmpdir(), uid: process.getuid?.() ?? -1 };
}

/** Names a run's server and session after its directory: the same for everyone who finds the run, and nobody else's. */
export async function runName(runDir: string): Promise<string> {
  return createHash('sha256')
    .update(await realpath(runDir))
    .digest('hex')
    .slice(0, 24);
}

/**
 * The socket of a server, in a directory that is ours alone; the directory is made if need be.
 * Throws UNAVAILABLE when no safe place has a path short enough.
 */
export async function socketPath(name: string, place: SocketPlace = currentSocketPlace()): Promise<string> {
  const folders = [
    ...(place.runtimeDir ? [path.join(place.runtimeDir, 'runtime')] : []),
    path.join(place.tmp, `runtime-${place.uid}`),
  ];
  const reasons: string[] = [];
  for (const folder of folders) {
    const file = path.join(folder, `t-${name}`);
    const reason = Buffer.byteLength(file) > maxSocketBytes ? 'its path is too long' : await refuse(folder, place.uid);
    if (reason === undefined) return file;
    reasons.push(`${folder}: ${reason}`);
  }
  throw new AgentRuntimeError('UNAVAILABLE', `there is no safe place for a socket (${reasons.join('; ')})`, {
    retry: 'elsewhere',
    hint: 'set TMPDIR or XDG_RUNTIME_DIR to a short path that belongs to you',
  });
}

/** Why a directory is not safe; undefined when it is. Whoever can write to it can put a server of theirs in our place. */
async function refuse(folder: string, uid: number): Promise<string | undefined> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await lstat(folder);
    if (!found.isDirectory()) return 'it is not a directory';
    if (found.uid !== uid) return 'it belongs to another user';
    return (found.mode & 0o077) === 0 ? undefined : 'others may use it (chmod 700 it)';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
