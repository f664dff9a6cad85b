import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, lstat, rename, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';

export interface SocketServer {
  readonly path: string;
  /** False once the name leads somewhere else or nowhere: no client finds this server there any more. */
  isInPlace(): Promise<boolean>;
  /** Takes no more connections, and removes the socket where it still is this one. Open connections go on. */
  close(): Promise<void>;
}

/**
 * Listens on a unix socket (0600). It is bound under a temporary name and moved to its own, so that it replaces at once
 * what is there: only the process that holds the data directory's lock calls this, and what a dead owner left is no door.
 */
export async function serveSocket(path: string, accept: (socket: Socket) => void): Promise<SocketServer> {
  const temporary = join(dirname(path), `.${randomBytes(4).toString('hex')}`);
  const server = createServer(accept);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close();
      // `close` calls back only once the last connection has ended.
      setImmediate(resolve);
    });
  try {
    server.listen(temporary);
    await once(server, 'listening');
    // A client that goes away in the middle of an accept must not end the owner.
    server.on('error', () => undefined);
    await chmod(temporary, 0o600);
    await rename(temporary, path);
    const identity = await identityOf(path);
    const isInPlace = async (): Promise<boolean> => (await identityOf(path)) === identity;
    return {
      path,
      isInPlace,
      async close() {
        // What Node removes as it closes is the temporary name.
        const mine = await isInPlace();
        await close();
        if (mine) await rm(path, { force: true });
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Undefined where there is nothing, or nothing that can be looked at. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  return found?.isSocket() ? `${found.dev}:${found.ino}:${found.ctimeNs}` : undefined;
}
