import { AgentRuntimeError } from '@runtime/contracts';
import type { Plane } from '../plane/plane.ts';
import type { LeaveRequest } from '../task/context.ts';

/** Passes the request on to the owner's program, after the answer: closing the plane ends the connection. */
export async function leave({ ctx }: Plane, request: LeaveRequest): Promise<null> {
  const { onLeaveRequest } = ctx;
  if (!onLeaveRequest) {
    throw new AgentRuntimeError('UNSUPPORTED', `process ${process.pid} owns the plane as a part of its own work`, {
      hint: 'end or restart that program; its agents go on',
    });
  }
  setImmediate(() => onLeaveRequest(request));
  return null;
}
