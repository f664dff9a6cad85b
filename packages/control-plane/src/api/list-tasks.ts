import { taskStatusSchema, type TaskView } from '@runtime/contracts';
import { z } from 'zod';

export const listParamsSchema = z.strictObject({
  status: z.array(taskStatusSchema).optional(),
  limit: z.int().min(1).max(100_000).default(1000),
});

/** Newest first. */
export function listed(views: readonly TaskView[], { status, limit }: z.infer<typeof listParamsSchema>): TaskView[] {
  return views
    .filter((view) => status === undefined || status.includes(view.status))
    .sort((a, b) => b.submittedAt - a.submittedAt || (a.id < b.id ? 1 : -1))
    .slice(0, limit);
}
