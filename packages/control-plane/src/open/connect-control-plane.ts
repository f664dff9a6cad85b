import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ControlPlane } from '@runtime/contracts';
import { AgentRuntimeError, type CallOptions } from '@runtime/contracts/base';
import type { Channel } from '../client/channel.ts';
import { PlaneClient } from '../client/plane-client.ts';
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
  // Schemas take longer to load than all the rest, and a program may never connect.
  const { answers } = await import('../client/answers.ts');
  return new PlaneClient(await channelFor(dataDir, waitMs, signal), answers);
}

function channelFor(dataDir: string, waitMs: number, signal: AbortSignal | undefined): Promise<Channel> {
  if (waitMs === 0) return channelTo(dataDir, signal);
  const connect = (ending: AbortSignal): Promise<Channel> => channelTo(dataDir, ending);
  return FollowingChannel.open({ connect, waitMs: checkedWait(waitMs) }, signal ? { signal } : {});
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
  const { reachOwner } = await import('./reach-owner.ts');
  return reachOwner(real, signal);
}
