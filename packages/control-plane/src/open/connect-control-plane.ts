import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AgentRuntimeError, systemCode, type CallOptions, type ControlPlane } from '@runtime/contracts';
import type { Owner } from '@runtime/event-log';
import type { Channel } from '../client/channel.ts';
import { PlaneClient } from '../client/plane-client.ts';
import { SocketChannel } from '../socket/socket-channel.ts';
import { foreignOwner, isLiving, isProvable, namedOwner, noOwner, unreachableOwner } from './find-owner.ts';
import { checkedWait } from './checked-wait.ts';
import { FollowingChannel } from './following-channel.ts';
import { planesOfProcess } from './planes-of-process.ts';

/** Options of `connectControlPlane`. */
export interface ConnectOptions extends CallOptions {
  /** The data directory of the owner, by any of its names. */
  readonly dataDir: string;
  /**
   * How long an owner is waited for, in ms: at first, and again each time that one went away, for its successor. The
   * plane then goes on with that one: events after the last cursor, calls that read or bring a `key` are repeated, and
   * so are `cancel`, `close` and `answer`; any other call that was under way is OUTCOME_UNKNOWN. `closed` resolves once
   * no owner came in time. No owner is started. @default 0: the plane is that of one owner
   */
  readonly waitMs?: number;
}

/**
 * The plane of the process that owns a data directory: this process, or another over its socket, whose path stands in
 * `owner.json`. UNAVAILABLE without an owner, and with one that serves no socket or does not answer (`details.owner`);
 * PROTOCOL_VIOLATION for an owner of another version.
 * While something is awaited, an owner that has said nothing for 45 s is given up: UNAVAILABLE (`details.silent`).
 * Every error of an owner that went away has `details.gone`.
 * Closing it closes the connection and changes nothing for the owner. Aborting `signal` ends the attempt to connect.
 */
export async function connectControlPlane({ dataDir, waitMs = 0, signal }: ConnectOptions): Promise<ControlPlane> {
  if (waitMs === 0) return new PlaneClient(await channelTo(dataDir, signal));
  const connect = (ending: AbortSignal): Promise<Channel> => channelTo(dataDir, ending);
  return new PlaneClient(
    await FollowingChannel.open({ connect, waitMs: checkedWait(waitMs) }, signal ? { signal } : {}),
  );
}

async function channelTo(dataDir: string, signal: AbortSignal | undefined): Promise<Channel> {
  const real = await realpath(resolve(dataDir)).catch(() => undefined);
  if (real === undefined) {
    throw new AgentRuntimeError('UNAVAILABLE', `there is no data directory ${dataDir}`, {
      hint: 'the first task makes it',
    });
  }
  const own = planesOfProcess().get(real);
  if (own) return own;
  const owner = await namedOwner(real);
  if (!owner) throw noOwner(real);
  return connectTo(real, owner, signal);
}

async function connectTo(dataDir: string, owner: Owner, signal: AbortSignal | undefined): Promise<SocketChannel> {
  const { pid, socketPath } = owner;
  if (socketPath === undefined) throw (await isLiving(owner)) ? unreachableOwner(dataDir, owner) : noOwner(dataDir);
  try {
    const locate = async (): Promise<string | undefined> => (await namedOwner(dataDir))?.socketPath;
    return await SocketChannel.connect(socketPath, { pid, locate, ...(signal ? { signal } : {}) });
  } catch (thrown) {
    const error = AgentRuntimeError.from(thrown);
    if (error.code === 'PROTOCOL_VIOLATION') throw foreignOwner(owner, error);
    if (error.code !== 'UNAVAILABLE') throw error;
    // With a pid alone it may be any process: the lock decides.
    if (!isProvable(owner) && nobodyListens(error)) throw noOwner(dataDir);
    throw (await isLiving(owner)) ? unreachableOwner(dataDir, owner, error) : noOwner(dataDir);
  }
}

const nobodyListens = ({ cause }: AgentRuntimeError): boolean =>
  ['ECONNREFUSED', 'ENOENT'].includes(systemCode(cause) ?? '');
