import { z } from 'zod';

/** The model that a runtime asks, in the backend's own names. What the backend does not tell is left out. */
export const modelInUseSchema = z.object({
  model: z.string().min(1).max(200),
  provider: z.string().min(1).max(200).optional(),
  /** The level of thinking, such as `off` or `high`. */
  thinking: z.string().min(1).max(50).optional(),
  /** The model that gave the last answer, where the provider says that it was another one. */
  answeredBy: z.string().min(1).max(200).optional(),
});
export type ModelInUse = z.infer<typeof modelInUseSchema>;
