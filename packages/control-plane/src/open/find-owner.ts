import { join } from 'node:path';
import { bootId, isAlive, isStopped } from '@runtime/adapter-kit/process';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { readOwner, type Owner } from '@runtime/event-log/owner';

/** The lock of a data directory. Its path only: nothing but the log may open it. */
export const lockPath = (dataDir: string): string => join(dataDir, 'lock.db');

/**
 * The process that `owner.json` names, unless this machine was started again since. In another container it may live
 * without being seen from here: what answers on its socket decides.
 */
export async function namedOwner(dataDir: string): Promise<Owner | undefined> {
  const owner = await readOwner(lockPath(dataDir));
  return owner?.bootId !== undefined && owner.bootId !== (await bootId()) ? undefined : owner;
}

/** Whether the named process is seen to be alive; where `isProvable` says no, whether any process has its pid now. */
export async function isLiving({ pid, startTime, bootId: boot }: Owner): Promise<boolean> {
  if (startTime === undefined || boot === undefined) return answersSignals(pid);
  return isAlive({ pid, startTime, bootId: boot });
}

/** Whether the record tells its process from a later one with the same pid. */
export const isProvable = ({ startTime, bootId: boot }: Owner): boolean =>
  startTime !== undefined && boot !== undefined;

function answersSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** The owner of a data directory, as `findOwner` sees it. */
export interface FoundOwner extends Owner {
  /** False once the process is seen to have ended. True says that nothing proves it. */
  readonly isLiving: boolean;
}

/**
 * The owner that `owner.json` names, living or not; undefined without one, and for one of an earlier boot of this
 * machine. Opens no socket.
 */
export async function findOwner({ dataDir }: { readonly dataDir: string }): Promise<FoundOwner | undefined> {
  const owner = await namedOwner(dataDir);
  return owner && { ...owner, isLiving: await isLiving(owner) };
}

/** Why there is nobody to ask. */
export function noOwner(dataDir: string): AgentRuntimeError {
  return new AgentRuntimeError('UNAVAILABLE', `no process owns ${dataDir}`, {
    hint: 'runtime serve --detach starts an owner; in a program, openControlPlane is one',
  });
}

/** An owner that lives and cannot be asked. `details.owner` tells it from a data directory without one. */
export function unreachableOwner(
  dataDir: string,
  { pid, socketPath, brief }: Owner,
  cause?: AgentRuntimeError,
): AgentRuntimeError {
  const stopped = isStopped(pid);
  const details = { owner: { pid }, ...cause?.details, ...(stopped ? { stopped } : {}) };
  const goOn = `kill -CONT ${pid} lets it go on`;
  if (socketPath === undefined && pid === process.pid) {
    return new AgentRuntimeError('UNAVAILABLE', `${dataDir} is just being opened or closed by this process`, {
      hint: 'ask again once that is done',
      details,
    });
  }
  if (brief) {
    return new AgentRuntimeError('UNAVAILABLE', `process ${pid} owns ${dataDir} for a moment, to act on a task`, {
      hint: stopped ? goOn : 'it lets go by itself: try again in a moment',
      details,
    });
  }
  if (socketPath === undefined) {
    return new AgentRuntimeError('UNAVAILABLE', `process ${pid} owns ${dataDir} and serves no socket`, {
      hint: 'ask in that process, or open its plane with listen: true',
      retry: 'never',
      details,
    });
  }
  return new AgentRuntimeError(
    'UNAVAILABLE',
    `process ${pid} owns ${dataDir} and does not answer${stopped ? ': it is stopped' : ''}`,
    {
      hint: stopped
        ? goOn
        : `it may be starting or overloaded; kill ${pid} ends it (agents go on), and the next command starts another owner`,
      details,
      ...(cause ? { cause } : {}),
    },
  );
}

/** An owner that lives and speaks another protocol. */
export function foreignOwner({ pid }: Owner, cause: AgentRuntimeError): AgentRuntimeError {
  return new AgentRuntimeError('PROTOCOL_VIOLATION', `process ${pid} owns the data directory: ${cause.rawMessage}`, {
    hint: `kill ${pid} ends it (agents go on); the next command starts an owner of its own version`,
    details: { owner: { pid } },
    cause,
  });
}
