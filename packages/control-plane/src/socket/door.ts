import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchChanges } from '@runtime/adapter-kit/source';
import { AgentRuntimeError } from '@runtime/contracts';
import type { Channel } from '../client/channel.ts';
import type { Hello } from './messages.ts';
import { refuseConnection, ServerConnection, type ConnectionLimits } from './server-connection.ts';
import { serveSocket, type SocketServer } from './socket-server.ts';

/** What a door needs of its owner. */
export interface DoorOptions {
  readonly channel: Channel;
  readonly hello: Omit<Hello, 'protocol'>;
  /** Where the socket may be now; see `socketPath`. */
  readonly choosePath: () => Promise<string>;
  /**
   * Writes down where the socket is, unless that is written already. False when the record names another process that
   * lives: the door is that one's.
   */
  readonly announce: (path: string) => Promise<boolean>;
  /** How often the door is looked at, apart from changes of its directory. @default 5000 */
  readonly checkMs?: number;
  readonly limits?: Partial<ConnectionLimits>;
}

/** Each client has one, and one for each stream that it reads. */
const defaultLimits: ConnectionLimits = { connections: 512, firstFrameMs: 30_000, frameMs: 60_000, closingMs: 5_000 };

/**
 * The owner's way in for other processes, which stays: somebody may remove the socket, its directory or the record that
 * names it (a logout, a cleaner of temporary files, an agent). The door sees that, and opens again where it can.
 */
export class Door {
  readonly #options: DoorOptions;
  readonly #limits: ConnectionLimits;
  readonly #connections: Set<ServerConnection>;
  readonly #closing = new AbortController();
  #server: SocketServer;
  #watching: Promise<void> = Promise.resolve();
  #warned = false;

  private constructor(
    options: DoorOptions,
    limits: ConnectionLimits,
    connections: Set<ServerConnection>,
    server: SocketServer,
  ) {
    this.#options = options;
    this.#limits = limits;
    this.#connections = connections;
    this.#server = server;
  }

  /** Serves at this path, or where `choosePath` says instead when somebody took it meanwhile. */
  static async open(path: string, options: DoorOptions): Promise<Door> {
    const connections = new Set<ServerConnection>();
    const limits = { ...defaultLimits, ...options.limits };
    const server = await serveSocket(path, (socket) => accept(socket, connections, options, limits));
    const door = new Door(options, limits, connections, server);
    await options.announce(path);
    door.#watching = door.#watch();
    return door;
  }

  get path(): string {
    return this.#server.path;
  }

  /** Open connections. */
  get clients(): number {
    return this.#connections.size;
  }

  /** Tells every client why the owner goes away. Before `close`, and before the plane ends their streams. */
  dismiss(reason: AgentRuntimeError): void {
    for (const connection of this.#connections) connection.dismiss(reason);
  }

  /** Closes every connection and removes the socket. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#watching;
    await this.#server.close();
    for (const connection of this.#connections) connection.close();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    const { checkMs = 5_000 } = this.#options;
    while (!signal.aborted) {
      // A directory that was removed and made again has to be watched anew.
      const watched = watchChanges(dirname(this.#server.path), checkMs);
      try {
        if (await this.#check()) await watched.next(signal);
        // The watch would wake for the temporary files of the attempt that failed.
        else await sleep(checkMs, undefined, { signal }).catch(() => undefined);
      } finally {
        watched.close();
      }
    }
  }

  /** False when the door is broken and could not be repaired. */
  async #check(): Promise<boolean> {
    try {
      if (!(await this.#options.announce(this.#server.path)) || (await this.#server.isInPlace())) this.#warned = false;
      else await this.#move();
      return true;
    } catch (error) {
      // No place at the moment, or a full disk: looked at again.
      if (!this.#warned) {
        const { message } = AgentRuntimeError.from(error);
        process.emitWarning(`the control socket cannot be opened again yet: ${message}`, 'AgentRuntimeWarning');
      }
      this.#warned = true;
      return false;
    }
  }

  async #move(): Promise<void> {
    const path = await this.#options.choosePath();
    const before = this.#server;
    this.#server = await serveSocket(path, (socket) => accept(socket, this.#connections, this.#options, this.#limits));
    await before.close();
    await this.#options.announce(path);
  }
}

function accept(
  socket: Socket,
  connections: Set<ServerConnection>,
  { channel, hello }: DoorOptions,
  limits: ConnectionLimits,
): void {
  if (connections.size >= limits.connections) return refuseConnection(socket, hello, limits);
  const connection = new ServerConnection(socket, channel, limits);
  connections.add(connection);
  socket.on('close', () => connections.delete(connection));
  connection.serve(hello);
}
