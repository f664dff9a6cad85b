import { taskStatusSchema, type TaskView } from '@runtime/contracts';
import { z } from 'zod';

export const listParamsSchema = z.strictObject({
  status: z.array(taskStatusSchema).optional(),
  idPart: z.string().min(1).max(64).optional(),
  workspace: z.string().min(1).max(4096).optional(),
  labels: z.record(z.string().max(100), z.string().max(500)).optional(),
  limit: z.int().min(1).max(100_000).default(1000),
});

/** Newest first. */
export function listed(views: readonly TaskView[], params: z.infer<typeof listParamsSchema>): TaskView[] {
  const { status, idPart, workspace, limit } = params;
  const labels = Object.entries(params.labels ?? {});
  const has = (view: TaskView, [name, value]: [string, string]): boolean =>
    Object.hasOwn(view.labels ?? {}, name) && view.labels?.[name] === value;
  return views
    .filter((view) => status === undefined || status.includes(view.status))
    .filter((view) => idPart === undefined || view.id.includes(idPart))
    .filter((view) => workspace === undefined || view.workspace === workspace)
    .filter((view) => labels.every((label) => has(view, label)))
    .sort((a, b) => b.submittedAt - a.submittedAt || (a.id < b.id ? 1 : -1))
    .slice(0, limit);
}
