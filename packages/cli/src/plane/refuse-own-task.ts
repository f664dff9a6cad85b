import { AgentRuntimeError, maxTaskDepth, type ControlPlane } from '@runtime/contracts';
import { callingRun } from './calling-run.ts';
import type { ConnectContext } from './connect.ts';
import { shortId } from '../render/short-id.ts';

/**
 * Refuses to wait for tasks that this command is a part of, as it is when an agent calls it: for the task of its run,
 * or for one that this was submitted from. Throws CONFLICT with the task.
 */
export async function refuseOwnTask(
  { deps, signal }: Pick<ConnectContext, 'deps' | 'signal'>,
  plane: ControlPlane,
  taskIds: readonly string[],
): Promise<void> {
  const runId = await callingRun(deps);
  if (runId === undefined) return;
  const views = await plane.tasks({ status: ['queued', 'running', 'waiting'], signal });
  let own = views.find(({ runs }) => runs.some((run) => run.runId === runId && run.status !== 'ended'));
  for (let depth = 0; own && depth <= maxTaskDepth; depth += 1) {
    const { id, parent } = own;
    if (taskIds.includes(id)) throw waitsForItself(id);
    own = views.find((view) => view.id === parent?.taskId);
  }
}

const waitsForItself = (id: string): AgentRuntimeError =>
  new AgentRuntimeError('CONFLICT', `this command is a part of task ${shortId(id)}, and would wait for itself`, {
    hint: 'look at it with status, or go on without waiting',
    details: { taskId: id },
  });
