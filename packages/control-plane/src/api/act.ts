import { AgentRuntimeError, idSchema } from '@runtime/contracts';
import { currentRun } from '@runtime/contracts/fold';
import { z } from 'zod';
import type { Plane } from '../plane/plane.ts';
import { closedApprovals } from '../task/closed-approvals.ts';

/** Names that the log keeps for the plane itself: a decision by `runtime` is one that the runtime knows already. */
const ownNames: ReadonlySet<string> = new Set(['runtime', 'plane', 'clock']);

/** Who asks, for the record. */
export const actorSchema = z
  .string()
  .max(200)
  .refine((name) => !ownNames.has(name), 'the name is one of the plane itself')
  .default('api');

export const actParams = { taskId: idSchema, by: actorSchema, why: z.string().max(2000).optional() };

export interface Act {
  readonly taskId: string;
  readonly by: string;
  readonly why?: string | undefined;
}

/** The fields that an event keeps of an act. */
export const actorFields = ({ by, why }: Act): { by: string; why?: string } => ({
  by,
  ...(why === undefined ? {} : { why }),
});

/** Ends the turn and keeps the session. */
export async function interrupt(plane: Plane, act: Act): Promise<null> {
  const task = await plane.task(act.taskId, 'act');
  const hint = 'cancel ends the task';
  await task.transact((state) => {
    const run = currentRun(state);
    if (!run?.capabilities || run.status !== 'active') {
      throw new AgentRuntimeError('CONFLICT', `task ${act.taskId} has no running agent to interrupt`, { hint });
    }
    if (!run.capabilities.interrupt) {
      const message = `${run.target.runtime} cannot end a turn and keep its session`;
      throw new AgentRuntimeError('UNSUPPORTED', message, { hint });
    }
    if (run.interrupted) return [];
    return [
      ...closedApprovals(state, { runId: run.runId, by: act.by }),
      { type: 'interrupt.requested', runId: run.runId, ...actorFields(act) },
    ];
  });
  task.wake();
  return null;
}

/** Ends the work. Cancelling again is fine, also after that end; CONFLICT after another one. */
export async function cancel(plane: Plane, act: Act): Promise<null> {
  if (plane.unfinishedTask(act.taskId)?.state.cancel || (await plane.view(act.taskId)).status === 'cancelled')
    return null;
  const task = await plane.task(act.taskId, 'act');
  await task.transact((state) => (state.cancel ? [] : [{ type: 'cancel.requested', ...actorFields(act) }]));
  task.wake();
  return null;
}

/** Takes no more instructions. Closing again, or after the end, is fine. */
export async function close(plane: Plane, act: Act): Promise<null> {
  const task = plane.unfinishedTask(act.taskId);
  if (!task) return null;
  await task.transact((state) =>
    state.close || state.outcome ? [] : [{ type: 'close.requested', ...actorFields(act) }],
  );
  task.wake();
  return null;
}
