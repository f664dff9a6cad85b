import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type ControlPlane, type LeaveOptions, type PlaneInfo } from '@runtime/contracts';
import type { CliDependencies, NamedOwner } from '../host/dependencies.ts';

/** Letting go of a thousand agents takes seconds; a disk that hangs may take for ever. */
const leaveMs = 60_000;

interface LeaveContext {
  readonly deps: Pick<CliDependencies, 'planes'>;
  readonly dataDir: string;
  readonly signal: AbortSignal;
}

/**
 * Asks the owner to leave, and waits until it has let go of the data directory; its process may live on. Its agents go
 * on. Resolves with what it was; undefined for one that left before it could be asked.
 * Throws UNSUPPORTED for an owner that decides for itself, or is too old to be asked; UNAVAILABLE for one that agreed
 * and stays.
 */
export async function leaveOwner(
  context: LeaveContext,
  plane: ControlPlane,
  request: Required<Pick<LeaveOptions, 'why' | 'successor'>>,
): Promise<PlaneInfo | undefined> {
  const { deps, dataDir, signal } = context;
  const owner = await deps.planes.owner(dataDir);
  let info: PlaneInfo | undefined;
  try {
    info = await plane.info({ signal });
    await plane.leave({ by: 'cli', ...request, signal });
  } catch (thrown) {
    const error = AgentRuntimeError.from(thrown);
    // UNAVAILABLE: it is about to leave already, at the request of another command.
    if (error.code !== 'UNAVAILABLE') throw info ? cannotBeAsked(info.pid, error) : error;
  }
  // The record of another process says nothing about this one.
  if (!owner || (info && info.pid !== owner.pid)) return info;
  const until = performance.now() + leaveMs;
  while (await isThere(context, owner)) {
    if (performance.now() > until) throw staysOn(owner.pid);
    await sleep(20, undefined, { signal });
  }
  return info;
}

/** While the record names this owner, and its process lives. */
async function isThere({ deps, dataDir }: LeaveContext, owner: NamedOwner): Promise<boolean> {
  const named = await deps.planes.owner(dataDir);
  return named?.pid === owner.pid && named.startTime === owner.startTime && named.isLiving;
}

function cannotBeAsked(pid: number, cause: AgentRuntimeError): AgentRuntimeError {
  if (cause.code !== 'NOT_FOUND') return cause;
  return new AgentRuntimeError(
    'UNSUPPORTED',
    `the owner, process ${pid}, is of a version that cannot be asked to leave`,
    {
      hint: `kill ${pid} ends it (agents go on)`,
      cause,
    },
  );
}

const staysOn = (pid: number): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', `process ${pid} agreed to leave and is still there after ${leaveMs / 1000} s`, {
    hint: `it may wait for its disk; kill -9 ${pid} ends it (agents go on)`,
  });
