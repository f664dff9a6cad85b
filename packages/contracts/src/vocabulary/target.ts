import { z } from 'zod';
import { runtimeIdSchema } from '../base/ids.ts';

/** A runtime with its options. Another model on the same runtime is another step of the same ladder. */
export const targetSchema = z.strictObject({
  runtime: runtimeIdSchema,
  model: z.string().min(1).max(200).optional(),
  thinking: z.string().min(1).max(50).optional(),
  mode: z.string().min(1).max(50).optional(),
});
export type Target = z.infer<typeof targetSchema>;
