import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Channel } from '../client/channel.ts';
import type { Hello } from './messages.ts';
import { ServerConnection } from './server-connection.ts';

export interface SocketServer {
  readonly path: string;
  /** Open connections: one for each client, and one for each stream that it reads. */
  readonly clients: number;
  /** Closes every connection and removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves a channel on a unix socket (0600). Only the process that holds the data directory's lock calls this,
 * so a socket that is there already was left by a dead owner and is replaced.
 */
export async function serveSocket(
  path: string,
  channel: Channel,
  hello: Omit<Hello, 'protocol'>,
): Promise<SocketServer> {
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new ServerConnection(socket, channel).serve(hello);
  });
  const listening = once(server, 'listening');
  server.listen(path);
  await listening;
  await chmod(path, 0o600);
  // A client that goes away in the middle of an accept must not end the owner.
  server.on('error', () => undefined);
  return {
    path,
    get clients() {
      return sockets.size;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await rm(path, { force: true });
    },
  };
}
