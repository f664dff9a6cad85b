import { AgentRuntimeError, type Decision } from '@runtime/contracts';
import type { ApprovalState } from '@runtime/contracts/fold';
import type { Plane } from '../plane/plane.ts';
import { actorFields, type Act } from './act.ts';

/** Answers an approval, once: the same answer again is fine, another one is CONFLICT. */
export async function answer(plane: Plane, act: Act & { approvalId: string; decision: Decision }): Promise<null> {
  const task = await plane.task(act.taskId, 'act');
  const { approvalId, decision } = act;
  await task.transact((state) => {
    const approval = Object.hasOwn(state.approvals, approvalId) ? state.approvals[approvalId] : undefined;
    if (!approval) {
      const message = `task ${act.taskId} has no approval ${JSON.stringify(approvalId.slice(0, 80))}`;
      throw new AgentRuntimeError('NOT_FOUND', message);
    }
    const resolution = { kind: 'answered' as const, decision };
    if (approval.resolution) {
      if (JSON.stringify(approval.resolution) === JSON.stringify(resolution)) return [];
      throw new AgentRuntimeError('CONFLICT', `the approval was ${approval.resolution.kind} already`, {
        details: { resolution: approval.resolution },
      });
    }
    checkDecision(approval, decision);
    return [{ type: 'approval.resolved', approvalId, resolution, ...actorFields(act) }];
  });
  task.wake();
  return null;
}

function checkDecision({ choices, input }: ApprovalState, { choice }: Decision): void {
  const hint = `choose one of: ${choices.map(({ id }) => id).join(', ')}`;
  if (choice === undefined) {
    if (!input) throw new AgentRuntimeError('INVALID_ARGUMENT', 'the answer names no choice', { hint });
  } else if (!choices.some(({ id }) => id === choice)) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `${JSON.stringify(choice)} is none of the choices`, { hint });
  }
}
