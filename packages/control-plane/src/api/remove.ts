import { AgentRuntimeError, idSchema, retentionSchema, type RemovalReport } from '@runtime/contracts';
import { z } from 'zod';
import type { Plane } from '../plane/plane.ts';
import { chooseTasks, removable } from '../retention/choose.ts';
import { removeTasks } from '../retention/remove-tasks.ts';
import { actorSchema } from './act.ts';

const given = { by: actorSchema, why: z.string().max(2000).optional(), dryRun: z.boolean().default(false) };

export const removeParamsSchema = z.strictObject({ taskId: idSchema, ...given });

export const pruneParamsSchema = z
  .strictObject({ ...retentionSchema.shape, ...given })
  .refine(
    ({ olderThanMs, keep, maxBytes }) => [olderThanMs, keep, maxBytes].some((limit) => limit !== undefined),
    'a limit is missing: olderThanMs, keep or maxBytes',
  );

/** Removes one ended task. */
export function remove(
  plane: Plane,
  { taskId, ...remover }: z.output<typeof removeParamsSchema>,
  signal: AbortSignal,
): Promise<RemovalReport> {
  return plane.removing.run(async () => {
    if (plane.unfinishedTask(taskId)) {
      throw new AgentRuntimeError('CONFLICT', `task ${taskId} has not ended`, {
        hint: `runtime cancel ${taskId} ends it`,
      });
    }
    if (plane.continued().has(taskId)) {
      throw new AgentRuntimeError('CONFLICT', `an unfinished task continues task ${taskId}`, {
        hint: 'remove it once that one has ended',
      });
    }
    return removeTasks(plane, [removable(await plane.view(taskId))], { ...remover, areNamed: true }, signal);
  });
}

/** Removes ended tasks by limits. */
export function prune(
  plane: Plane,
  { by, why, dryRun, ...retention }: z.output<typeof pruneParamsSchema>,
  signal: AbortSignal,
): Promise<RemovalReport> {
  return plane.removing.run(async () =>
    removeTasks(plane, await chooseTasks(plane, retention, signal), { by, why, dryRun }, signal),
  );
}
