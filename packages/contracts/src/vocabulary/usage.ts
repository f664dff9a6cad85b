import { z } from 'zod';

const tokens = z.int().min(0);

/** Tokens and cost, as the backend reports them. */
export const usageSchema = z.object({
  /** `turn`: this turn's own. `cumulative`: of the session so far. */
  scope: z.enum(['turn', 'cumulative']),
  inputTokens: tokens,
  outputTokens: tokens,
  cacheReadTokens: tokens.optional(),
  cacheWriteTokens: tokens.optional(),
  /** US dollars, as the backend reckons them. */
  costUsd: z.number().min(0).optional(),
});
export type Usage = z.infer<typeof usageSchema>;
