import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { lstat, realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { makeDirectory } from '../files/make-directory.ts';

/** The path of a unix socket ends here: `sun_path` without its NUL, on Linux and on the other systems. */
const maxSocketBytes = process.platform === 'linux' ? 107 : 103;

/** What decides where sockets may be when they cannot lie beside what they belong to. */
export interface SocketPlace {
  /** `XDG_RUNTIME_DIR`, where the environment has one. */
  readonly runtimeDir: string | undefined;
  /** The directory for temporary files. */
  readonly tmp: string;
  readonly uid: number;
}

/** Options of `socketPathFor`. */
export interface SocketPathOptions {
  /** The directory that the socket belongs to. The socket lies in it wherever that is possible. */
  readonly home: string;
  /** Its name there: at least ten bytes, which is room for a temporary name. */
  readonly name: string;
  /** Where `XDG_RUNTIME_DIR` is looked up. @default `process.env` */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** @default `XDG_RUNTIME_DIR` of `environment`, and this process's temporary directory and user */
  readonly place?: SocketPlace;
}

/**
 * The user's directories for sockets, best first: `<tmp>/runtime-<uid>`, `/tmp/runtime-<uid>`, and last
 * `$XDG_RUNTIME_DIR/runtime`, which is emptied at the user's last logout while agents go on. A directory in which a name
 * of `nameBytes` would make a path that is too long is left out, and so is a relative one, which another process would not
 * find. Pure: nothing is looked at.
 */
export function socketDirectoryCandidates({ runtimeDir, tmp, uid }: SocketPlace, nameBytes: number): readonly string[] {
  const temporary = [tmp, '/tmp'].map((folder) => path.join(folder, `runtime-${uid}`));
  const folders = new Set([...temporary, ...(runtimeDir ? [path.join(runtimeDir, 'runtime')] : [])]);
  return [...folders].filter((folder) => path.isAbsolute(folder) && fits(path.join(folder, 'x'.repeat(nameBytes))));
}

/**
 * Where a socket of a directory may be, now: in the directory itself, so that it is found by everyone who finds the
 * directory, and ends when it does. Where that path is too long, or its file system has no sockets, in the first of the
 * user's own directories that is safe, made with mode 0700 if need be, under a name with a hash of the directory's path.
 * A directory is safe when no other user can put a socket there. The result may differ from that of an earlier call:
 * write down what was chosen.
 * Throws UNAVAILABLE when no place is left, with the reason for each.
 */
export async function socketPathFor({
  home,
  name,
  environment = process.env,
  place,
}: SocketPathOptions): Promise<string> {
  const real = await realpath(home).catch(() => path.resolve(home));
  const reasons: string[] = [];
  const beside = path.join(real, name);
  const tooLong = `a socket's path must not be longer than ${maxSocketBytes} bytes`;
  const refusal = fits(beside) ? await refusalOf(real, 0o022) : tooLong;
  if (refusal === undefined) return beside;
  reasons.push(`${real}: ${refusal}`);

  const where = place ?? { runtimeDir: environment['XDG_RUNTIME_DIR'], tmp: tmpdir(), uid: process.getuid?.() ?? -1 };
  const apart = `${createHash('sha256').update(real).digest('hex').slice(0, 24)}.${name}`;
  for (const folder of socketDirectoryCandidates(where, apart.length)) {
    const reason = await makeDirectory(folder, 0o700).then(
      () => refusalOf(folder, 0o077),
      (error: unknown) => AgentRuntimeError.from(error).rawMessage,
    );
    if (reason === undefined) return path.join(folder, apart);
    reasons.push(`${folder}: ${reason}`);
  }
  throw new AgentRuntimeError('UNAVAILABLE', `there is no safe place for a socket (${reasons.join('; ')})`, {
    retry: 'elsewhere',
    hint: 'set TMPDIR to a short path that belongs to you, or correct the modes that are named',
  });
}

const fits = (file: string): boolean => Buffer.byteLength(file) <= maxSocketBytes;

/** Why a socket may not or cannot be in a directory; undefined when it can. `forbidden`: what others must not have. */
async function refusalOf(folder: string, forbidden: number): Promise<string | undefined> {
  try {
    const found = await lstat(folder).catch((error: unknown) => {
      // The caller has yet to make it.
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (!found) return undefined;
    const uid = process.getuid?.();
    if (!found.isDirectory()) return 'it is not a directory';
    if (uid !== undefined && found.uid !== uid) return 'it belongs to another user';
    if (uid !== undefined && (found.mode & forbidden) !== 0) return 'others may use it (chmod 700 it)';
    await tryToBind(path.join(folder, `.${randomBytes(4).toString('hex')}`));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Some file systems have no sockets: network mounts, shared folders of virtual machines. */
async function tryToBind(file: string): Promise<void> {
  const server = createServer();
  try {
    server.listen(file);
    await once(server, 'listening');
  } finally {
    // Removes the socket as well.
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
