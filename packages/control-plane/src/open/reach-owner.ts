import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import type { Channel } from '../client/channel.ts';
import { foreignOwner, isLiving, isProvable, namedOwner, noOwner, unreachableOwner } from './find-owner.ts';

/** A channel to the process that `owner.json` names, over its socket. Throws as `connectControlPlane`. */
export async function reachOwner(dataDir: string, signal: AbortSignal | undefined): Promise<Channel> {
  const owner = await namedOwner(dataDir);
  if (!owner) throw noOwner(dataDir);
  const { pid, socketPath } = owner;
  if (socketPath === undefined) throw (await isLiving(owner)) ? unreachableOwner(dataDir, owner) : noOwner(dataDir);
  // What an owner says is read with schemas of its own, for which there must be one.
  const { SocketChannel } = await import('../socket/socket-channel.ts');
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
