import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AgentRuntimeError, type CallOptions, type ControlPlane } from '@runtime/contracts';
import { PlaneClient } from '../client/plane-client.ts';
import { planesOfProcess } from './planes-of-process.ts';
import { SocketChannel } from '../socket/socket-channel.ts';
import { socketPath } from '../socket/socket-path.ts';

/** Options of `connectControlPlane`. */
export interface ConnectOptions extends CallOptions {
  /** The data directory of the owner, by any of its names. */
  readonly dataDir: string;
}

/**
 * The plane of the process that owns a data directory: this process, or another over its socket. UNAVAILABLE without an
 * owner, or with one that does not serve a socket; PROTOCOL_VIOLATION for an owner of another version.
 * Closing it closes the connection and changes nothing for the owner. Aborting `signal` ends the attempt to connect.
 */
export async function connectControlPlane({ dataDir, signal }: ConnectOptions): Promise<ControlPlane> {
  const real = await realpath(resolve(dataDir)).catch(() => undefined);
  if (real === undefined) {
    throw new AgentRuntimeError('UNAVAILABLE', `there is no data directory ${dataDir}`, {
      hint: 'the first task makes it',
    });
  }
  const own = planesOfProcess().get(real);
  if (own) return new PlaneClient(own);
  return new PlaneClient(await SocketChannel.connect(await socketPath(real), signal));
}
