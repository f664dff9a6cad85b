import { z } from 'zod';

/** The end states of a task, spelled as OpenClaw spells them. */
export const terminalStatusSchema = z.enum(['succeeded', 'failed', 'cancelled', 'timed_out', 'lost']);
export type TerminalStatus = z.infer<typeof terminalStatusSchema>;

/** Why, in words that a policy can act on. */
export const outcomeCodeSchema = z.enum([
  'auth',
  'quota',
  'rate_limit',
  'timeout',
  'context_overflow',
  'refusal',
  'model_error',
  'crashed',
  'killed',
  'exit_code',
  'output_limit',
  'deliverable_missing',
  'budget_exceeded',
  'unavailable',
  'unmet_needs',
  'unknown',
]);
export type OutcomeCode = z.infer<typeof outcomeCodeSchema>;

/** How a turn, a run or a task ended. Data, never a throw. `code` says why where the status is not `succeeded`. */
export const runOutcomeSchema = z.object({
  status: terminalStatusSchema,
  code: outcomeCodeSchema.optional(),
  /** The backend's own words, capped. */
  message: z.string().max(8192).optional(),
  /** The backend asked for this much patience, in ms. */
  retryAfterMs: z.int().min(0).optional(),
});
export type RunOutcome = z.infer<typeof runOutcomeSchema>;

const patterns: readonly (readonly [OutcomeCode, RegExp])[] = [
  // Some say 429 when the money is gone as well: waiting will not help.
  ['quota', /insufficient.?quota|exceeded your current quota/i],
  ['rate_limit', /\b429\b|rate.?limit|too many requests|overloaded/i],
  ['quota', /quota|insufficient.?(funds|credit|balance)|billing|usage limit|\b402\b/i],
  ['auth', /\b401\b|\b403\b|unauthori[sz]ed|invalid api key|no api key|authentication|log ?in\b/i],
  ['context_overflow', /context.{0,20}(length|window|overflow|limit)|too many tokens|prompt is too long/i],
  ['refusal', /\brefus(al|ed to)|content.?filter|safety/i],
  ['timeout', /timed? ?out|deadline/i],
];

/** A guess at the code from a backend's own text, where it gives nothing better. `fallback` when nothing fits. */
export function classifyMessage(message: string, fallback: OutcomeCode = 'model_error'): OutcomeCode {
  const head = message.slice(0, 2000);
  return patterns.find(([, pattern]) => pattern.test(head))?.[0] ?? fallback;
}
