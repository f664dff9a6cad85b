import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type ControlPlane, type RuntimeDefinition } from '@runtime/contracts';
import { isLockConflict } from '../exit-codes.ts';
import { cannotChange, findLivingOwner, type ConnectContext } from './connect.ts';

/** A plane to end a task on. */
export interface EndingPlane {
  readonly plane: ControlPlane;
  /** This process owns the data directory, until the context is closed: whatever is to be done must be done by then. */
  readonly isOurs: boolean;
}

/** As long as another command may need to end a task, on a busy machine. */
const waitMs = 60_000;

/**
 * Connects to the owner; where none lives, owns the data directory for as long as it takes to end what is asked for. An
 * owner that comes in between is used, and another command that is here for the same reason is waited for.
 */
export async function openToEnd(context: ConnectContext): Promise<EndingPlane> {
  const until = performance.now() + waitMs;
  for (;;) {
    const found = await findLivingOwner(context);
    if (found && !AgentRuntimeError.isInstance(found)) return { plane: context.closeAtEnd(found), isOurs: false };
    if (found && cannotChange(found)) throw found;
    const opened = found ?? (await openBriefly(context));
    if (!AgentRuntimeError.isInstance(opened)) return { plane: context.closeAtEnd(opened), isOurs: true };
    if (performance.now() > until) throw opened;
    await sleep(50, undefined, { signal: context.signal });
  }
}

/** The error where another process has the lock by now. */
async function openBriefly({ deps, dataDir }: ConnectContext): Promise<ControlPlane | AgentRuntimeError> {
  try {
    return await deps.planes.open({
      dataDir,
      createAdapter: (id: string, definition: RuntimeDefinition) => deps.createAdapter(id, definition),
      listen: false,
      brief: true,
      version: deps.version,
    });
  } catch (thrown) {
    const error = AgentRuntimeError.from(thrown);
    if (isLockConflict(error)) return error;
    throw error;
  }
}
