import { z } from 'zod';
import { idSchema } from '../base/ids.ts';

/** A run that a task was submitted from, and its task. */
export const submittedFromSchema = z.object({ taskId: idSchema, runId: idSchema });
export type SubmittedFrom = z.infer<typeof submittedFromSchema>;
