import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';

/** The path of a unix socket ends here, on every system: `sun_path` without its NUL. */
const maxSocketBytes = 107;
/** Long enough for a hash of 24 digits with a prefix or an extension. */
const usualNameBytes = 32;

/** What decides where sockets may be. */
export interface SocketPlace {
  /** `XDG_RUNTIME_DIR`, where the environment has one. */
  readonly runtimeDir: string | undefined;
  /** The system's directory for temporary files. */
  readonly tmp: string;
  readonly uid: number;
}

/** Options of `socketDirectory`. */
export interface SocketDirectoryOptions {
  /** Where `XDG_RUNTIME_DIR` is looked up. @default `process.env` */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Bytes of the longest socket name that has to fit. @default 32 */
  readonly nameBytes?: number;
  /** @default `XDG_RUNTIME_DIR` of `environment`, and this process's temporary directory and user */
  readonly place?: SocketPlace;
}

/**
 * Where this user's sockets may be, best first: `$XDG_RUNTIME_DIR/runtime`, then `<tmp>/runtime-<uid>`; a directory in
 * which a name of `nameBytes` would make a path of more than 107 bytes is left out. Pure: nothing is looked at.
 */
export function socketDirectoryCandidates({ runtimeDir, tmp, uid }: SocketPlace, nameBytes: number): readonly string[] {
  const folders = [...(runtimeDir ? [path.join(runtimeDir, 'runtime')] : []), path.join(tmp, `runtime-${uid}`)];
  return folders.filter((folder) => Buffer.byteLength(path.join(folder, 'x')) - 1 + nameBytes <= maxSocketBytes);
}

/**
 * The directory for this user's sockets: the first safe candidate, made with mode 0700 if need be. A directory is safe
 * when no other user can put a socket there: it belongs to this user, no other user may enter it, and it is no symbolic
 * link. The same environment leads to the same directory.
 * Throws UNAVAILABLE when no candidate is safe, with the reason for each.
 */
export async function socketDirectory(options: SocketDirectoryOptions = {}): Promise<string> {
  const { environment = process.env, nameBytes = usualNameBytes } = options;
  const place = options.place ?? {
    runtimeDir: environment['XDG_RUNTIME_DIR'],
    tmp: tmpdir(),
    uid: userInfo().uid,
  };
  const reasons: string[] = [];
  for (const folder of socketDirectoryCandidates(place, nameBytes)) {
    const reason = await refusalOf(folder, place.uid);
    if (reason === undefined) return folder;
    reasons.push(`${folder}: ${reason}`);
  }
  const why =
    reasons.length > 0 ? reasons.join('; ') : `a socket's path must not be longer than ${maxSocketBytes} bytes`;
  throw new AgentRuntimeError('UNAVAILABLE', `there is no safe place for a socket (${why})`, {
    retry: 'elsewhere',
    hint: 'set TMPDIR or XDG_RUNTIME_DIR to a short path that belongs to you',
  });
}

/** Why a directory is not safe; undefined when it is. */
async function refusalOf(folder: string, uid: number): Promise<string | undefined> {
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
