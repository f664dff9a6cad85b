import { z } from 'zod';

/** The end states of a task, spelled as OpenClaw spells them. */
export const terminalStatusSchema = z.enum(['succeeded', 'failed', 'cancelled', 'timed_out', 'lost']);
export type TerminalStatus = z.infer<typeof terminalStatusSchema>;

/**
 * Why a run did not succeed, in the words that the retry and fallback policy acts on. The backend's own text goes into
 * `message`.
 */
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
  /** The task's own fault: a model that does not exist, a bad environment file, a session that is gone. */
  'invalid_request',
  'unknown',
]);
export type OutcomeCode = z.infer<typeof outcomeCodeSchema>;

/** The backend's own text, at most 8192 UTF-16 units. */
const message = z.string().max(8192).optional();
/** Why it went wrong. A log that names none is read as `unknown`; what is written always names one. */
const failure = {
  code: outcomeCodeSchema.default('unknown'),
  message,
  /** How long the backend asked callers to wait, in ms. */
  retryAfterMs: z.int().min(0).optional(),
};

/**
 * How a turn, a run or a task ended. An outcome is data and never thrown.
 * A failure always names its `code`; success and a cancellation have none.
 */
export const runOutcomeSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('succeeded'), message }),
  z.object({ status: z.literal('cancelled'), message }),
  z.object({ status: z.literal('failed'), ...failure }),
  z.object({ status: z.literal('timed_out'), ...failure }),
  z.object({ status: z.literal('lost'), ...failure }),
]);
export type RunOutcome = z.infer<typeof runOutcomeSchema>;
/** An outcome that names a code: `failed`, `timed_out` or `lost`. */
export type FailedOutcome = Extract<RunOutcome, { readonly code: OutcomeCode }>;

/** The code of an outcome; undefined for `succeeded` and `cancelled`. */
export function outcomeCode(outcome: RunOutcome): OutcomeCode | undefined {
  return 'code' in outcome ? outcome.code : undefined;
}

const patterns: readonly (readonly [OutcomeCode, RegExp])[] = [
  // Some say 429 when the money is gone as well: waiting will not help.
  ['quota', /insufficient.?quota|exceeded your current quota/i],
  ['rate_limit', /\b429\b|rate.?limit|too many requests|overloaded/i],
  ['quota', /quota|insufficient.?(funds|credit|balance)|billing|usage limit|\b402\b/i],
  ['auth', /\b401\b|\b403\b|unauthori[sz]ed|invalid api key|no api key|authentication|log ?in\b/i],
  // The task names a model that the provider does not have.
  [
    'invalid_request',
    /\bmodel_not_found\b|\b(?:unknown|invalid|no such|unsupported) model\b|\bnot a valid model|\bnot_found_error\b[^\n]{0,60}"model: |\bmodels\/\S{1,100} is not found for API version/i,
  ],
  // Between the two stands at most a name: in quotes, or with a digit; no name of a file, of which tools speak as well.
  [
    'invalid_request',
    /\bmodel:? (?:(?!\S{0,100}\.[a-z]{1,5}["'`]?\s)(?:["'`][^"'`\n]{1,100}["'`]|\S{0,100}\d\S{0,100}) )?(?:(?:is |was |could )?not (?:be )?found|does not exist|doesn't exist)/i,
  ],
  ['context_overflow', /context.{0,20}(length|window|overflow|limit)|too many tokens|prompt is too long/i],
  ['refusal', /\brefus(al|ed to)|content.?filter|safety/i],
  ['timeout', /timed? ?out|deadline/i],
];

/**
 * Guesses the outcome code from a backend's error text, for backends that report nothing better. Reads the first 2000
 * characters.
 * Returns `fallback` when no pattern fits.
 */
export function classifyMessage(message: string, fallback: OutcomeCode = 'model_error'): OutcomeCode {
  const head = message.slice(0, 2000);
  return patterns.find(([, pattern]) => pattern.test(head))?.[0] ?? fallback;
}
