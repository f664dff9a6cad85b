/**
 * The closed list of what can go wrong in our machinery. `docs/errors.md` has a heading for each: when, what may have
 * happened, what to do.
 */
export const errorCodes = [
  /** The caller gave something that can never work. Nothing happened. */
  'INVALID_ARGUMENT',
  /** What was named does not exist. Nothing happened. */
  'NOT_FOUND',
  /** The present state does not allow it: another owner, a used key, a task that has ended. Nothing happened. */
  'CONFLICT',
  /** The runtime or the platform cannot do it; another one may. Nothing happened. */
  'UNSUPPORTED',
  /** It cannot be reached now; later it may. A call whose connection broke may have taken effect. */
  'UNAVAILABLE',
  /** Credentials are missing or were refused. */
  'UNAUTHENTICATED',
  /** The operating system or the backend forbids it. */
  'PERMISSION_DENIED',
  /** A limit is reached: disk, memory, descriptors, calls under way. */
  'EXHAUSTED',
  /** The caller's `signal` ended the call; the work behind it may go on. */
  'CANCELLED',
  /** It took longer than its timeout, and may or may not have happened. */
  'DEADLINE_EXCEEDED',
  /** The other side sent something that its protocol does not allow. */
  'PROTOCOL_VIOLATION',
  /** It may or may not have happened, and there is no way to find out. Repeating it may do it twice. */
  'OUTCOME_UNKNOWN',
  /** What was stored cannot be trusted: a checksum, an order, a file that is missing. */
  'DATA_CORRUPT',
  /** A bug of ours. */
  'INTERNAL',
] as const;
/** What can go wrong in our machinery. */
export type ErrorCode = (typeof errorCodes)[number];

/**
 * Advice of the code that threw: `here`, the same call may work later; `elsewhere`, only another target can do it. The
 * plane decides.
 */
export const retryAdvices = ['never', 'here', 'elsewhere'] as const;
/** Advice on where the same call may work. */
export type RetryAdvice = (typeof retryAdvices)[number];
