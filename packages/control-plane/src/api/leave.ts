import { AgentRuntimeError } from '@runtime/contracts';
import { z } from 'zod';
import type { Plane } from '../plane/plane.ts';
import type { LeaveRequest } from '../task/context.ts';
import { actorSchema, actParams } from './act.ts';

export const leaveParamsSchema = z.strictObject({
  by: actorSchema,
  why: actParams.why,
  successor: z.boolean().default(true),
});

/** Passes the request on to the owner's program, after the answer: closing the plane ends the connection. */
export async function leave(plane: Plane, request: LeaveRequest): Promise<null> {
  const { onLeaveRequest } = plane.ctx;
  if (!onLeaveRequest) {
    throw new AgentRuntimeError('UNSUPPORTED', `process ${process.pid} owns the plane as a part of its own work`, {
      hint: 'end or restart that program; its agents go on',
    });
  }
  plane.leaveRequest ??= request;
  setImmediate(() => onLeaveRequest(request));
  return null;
}

/** What every client learns of an owner that leaves on request. */
export function ownerLeft({ by, why, successor }: LeaveRequest): AgentRuntimeError {
  const reason = why === undefined ? '' : ` (${why})`;
  return new AgentRuntimeError('UNAVAILABLE', `the owner of the data directory left, as ${by} asked${reason}`, {
    hint: successor
      ? 'another one is about to follow: ask again'
      : 'agents go on; runtime serve --detach, or the next task, starts another owner',
    details: { gone: true, by, successor, ...(why === undefined ? {} : { why }) },
  });
}
