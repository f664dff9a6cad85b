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
  /** The backend's own trouble: a status of 500 or more, or no capacity for this model now. */
  'overloaded',
  /** The backend was not reached, or the connection to it broke. */
  'network',
  'timeout',
  'context_overflow',
  'refusal',
  'model_error',
  'crashed',
  'killed',
  'exit_code',
  'output_limit',
  'deliverable_missing',
  /** The check of the task did not pass. */
  'check_failed',
  'budget_exceeded',
  'unavailable',
  'unmet_needs',
  /**
   * The task's own fault: a model that does not exist, a request that the backend refuses as wrong, a bad environment
   * file, a session that is gone.
   */
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

/** The signals that a program brings on itself, where nobody else sends them. */
const faults: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGTRAP', 'SIGSYS']);

/** The code of a turn that a signal ended: `crashed` for a fault of the program itself, else `killed`. */
export function codeOfSignal(signal: string): 'crashed' | 'killed' {
  return faults.has(signal) ? 'crashed' : 'killed';
}
