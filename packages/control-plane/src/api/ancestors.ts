import { AgentRuntimeError, maxTaskDepth, type SubmittedFrom, type TaskSpec } from '@runtime/contracts';
import type { Plane } from '../plane/plane.ts';
import { sessionLease } from '../task/hold-leases.ts';

/**
 * The runs that a task is submitted from, the nearest first; none when the run that asks is unknown or has ended.
 * Throws EXHAUSTED for a task too deep, and CONFLICT for one that would wait for a run that may be waiting for it.
 */
export async function ancestorsOf(
  plane: Plane,
  spec: TaskSpec,
  parentRunId: string,
): Promise<readonly SubmittedFrom[]> {
  const line = plane.lineOf(parentRunId);
  if (line.length > maxTaskDepth) {
    throw new AgentRuntimeError('EXHAUSTED', `run ${parentRunId} is too deep: its task has ${maxTaskDepth} above it`, {
      retry: 'never',
      hint: `tasks may submit tasks to a depth of ${maxTaskDepth}; submit this one from outside of an agent`,
    });
  }
  const { continueOf } = spec;
  const conversation = continueOf === undefined ? undefined : await plane.conversationOf(continueOf);
  const session = conversation?.agentSessionId;
  if (session === undefined) return line;
  const isAbove = (taskId: string): boolean => line.some((above) => above.taskId === taskId);
  const holder = plane.ctx.leases.holder(sessionLease(session), '', false);
  if (holder === undefined || !isAbove(holder)) return line;
  throw new AgentRuntimeError('CONFLICT', `task ${holder}, which this run belongs to, continues that conversation`, {
    hint: 'the new task would wait for its own run; submit it without continueOf',
    details: { taskId: holder },
  });
}
