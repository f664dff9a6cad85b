import { idSchema, taskStatusSchema, type TaskView } from '@runtime/contracts';
import { z } from 'zod';
import { noSuchTask } from '../plane/task-registry.ts';

export const listParamsSchema = z.strictObject({
  status: z.array(taskStatusSchema).optional(),
  idPart: z.string().min(1).max(64).optional(),
  workspace: z.string().min(1).max(4096).optional(),
  labels: z.record(z.string().max(100), z.string().max(500)).optional(),
  after: idSchema.optional(),
  limit: z.int().min(1).max(100_000).default(1000),
});

/** Newest first. The place after a task is known from its own fields; NOT_FOUND for one that is not there. */
export function listed(views: readonly TaskView[], params: z.infer<typeof listParamsSchema>): TaskView[] {
  const { status, idPart, workspace, limit, after } = params;
  const last = after === undefined ? undefined : views.find(({ id }) => id === after);
  if (after !== undefined && !last) throw noSuchTask(after);
  const labels = Object.entries(params.labels ?? {});
  const has = (view: TaskView, [name, value]: [string, string]): boolean =>
    Object.hasOwn(view.labels ?? {}, name) && view.labels?.[name] === value;
  return views
    .filter((view) => last === undefined || newestFirst(last, view) < 0)
    .filter((view) => status === undefined || status.includes(view.status))
    .filter((view) => idPart === undefined || view.id.includes(idPart))
    .filter((view) => workspace === undefined || view.workspace === workspace)
    .filter((view) => labels.every((label) => has(view, label)))
    .sort(newestFirst)
    .slice(0, limit);
}

function newestFirst(a: TaskView, b: TaskView): number {
  return b.submittedAt - a.submittedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}
