import { idSchema, taskStatusSchema, type TaskView } from '@runtime/contracts';
import { z } from 'zod';
import type { EndedTasks } from '../history/ended-tasks.ts';
import { listNewestFirst, type Place } from '../history/newest-first.ts';

export const listParamsSchema = z.strictObject({
  status: z.array(taskStatusSchema).optional(),
  idPart: z.string().min(1).max(64).optional(),
  workspace: z.string().min(1).max(4096).optional(),
  labels: z.record(z.string().max(100), z.string().max(500)).optional(),
  after: idSchema.optional(),
  limit: z.int().min(1).max(100_000).default(1000),
});
export type ListParams = z.output<typeof listParamsSchema>;

interface AllTasks {
  readonly unfinished: () => readonly TaskView[];
  readonly ended: EndedTasks;
  /** Throws NOT_FOUND. */
  readonly placeOf: (taskId: string) => Promise<Place>;
}

/** Newest first. The place after a task is known from its own fields; NOT_FOUND for one that is not there. */
export async function listTasks(
  { unfinished, ended, placeOf }: AllTasks,
  { after, limit, ...wanted }: ListParams,
): Promise<readonly TaskView[]> {
  const place = after === undefined ? undefined : await placeOf(after);
  return listNewestFirst(unfinished, ended, wanted, { after: place, limit });
}
