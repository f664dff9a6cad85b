import { z } from 'zod';

/** The closed list of what can go wrong in our machinery. `docs/errors.md` has a heading for each: when, what may have happened, what to do. */
export const errorCodeSchema = z.enum([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'CONFLICT',
  'UNSUPPORTED',
  'UNAVAILABLE',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'EXHAUSTED',
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'PROTOCOL_VIOLATION',
  'OUTCOME_UNKNOWN',
  'DATA_CORRUPT',
  'INTERNAL',
]);
export type ErrorCode = z.infer<typeof errorCodeSchema>;

/** Advice from whoever threw: `here` the same call may work later, `elsewhere` only another target can do it. The plane decides. */
export const retryAdviceSchema = z.enum(['never', 'here', 'elsewhere']);
export type RetryAdvice = z.infer<typeof retryAdviceSchema>;

/** An error as it crosses a socket or a log. `cause` becomes text: it is for people. */
export const errorDataSchema = z.object({
  code: errorCodeSchema,
  message: z.string(),
  retry: retryAdviceSchema,
  hint: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  cause: z.string().optional(),
});
export type ErrorData = z.infer<typeof errorDataSchema>;

export interface AgentRuntimeErrorOptions {
  /** @default 'here' for UNAVAILABLE, EXHAUSTED and DEADLINE_EXCEEDED, 'elsewhere' for UNSUPPORTED, else 'never' */
  readonly retry?: RetryAdvice;
  /** What a person can do about it, in one sentence. */
  readonly hint?: string;
  /** Facts for programs, small and JSON-safe: `{ nearest: cursor }`, `{ offset: 4096 }`. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

const brand = Symbol.for('@runtime/AgentRuntimeError/1');

const defaultRetry: Partial<Record<ErrorCode, RetryAdvice>> = {
  UNAVAILABLE: 'here',
  EXHAUSTED: 'here',
  DEADLINE_EXCEEDED: 'here',
  UNSUPPORTED: 'elsewhere',
};

/**
 * The one error class: our machinery failed, or was asked for something it cannot do.
 * An agent that fails is not an error but data, a `RunOutcome`.
 * The brand is a registered symbol, so that two bundled copies of this module recognise each other's errors: use `isInstance`, not `instanceof`.
 */
export class AgentRuntimeError extends Error {
  readonly code: ErrorCode;
  readonly retry: RetryAdvice;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: AgentRuntimeErrorOptions = {}) {
    super(`[${code}] ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry ?? defaultRetry[code] ?? 'never';
    this.hint = options.hint;
    this.details = options.details;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for an error of this class from any copy of this module. */
  static isInstance(value: unknown): value is AgentRuntimeError {
    return typeof value === 'object' && value !== null && brand in value;
  }

  /**
   * Makes one of ours from whatever was thrown, keeping it as `cause`.
   * An `AbortError` becomes CANCELLED, a `TimeoutError` DEADLINE_EXCEEDED, everything else `fallback`.
   */
  static from(value: unknown, fallback: ErrorCode = 'INTERNAL'): AgentRuntimeError {
    if (AgentRuntimeError.isInstance(value)) return value;
    const name = value instanceof Error ? value.name : '';
    const message = value instanceof Error ? value.message : describe(value);
    if (name === 'AbortError') return new AgentRuntimeError('CANCELLED', message, { cause: value });
    if (name === 'TimeoutError') return new AgentRuntimeError('DEADLINE_EXCEEDED', message, { cause: value });
    return new AgentRuntimeError(fallback, message, { cause: value });
  }

  /** The other side of `toData`: an error that came over a socket. */
  static fromData(data: ErrorData): AgentRuntimeError {
    const error = new AgentRuntimeError(data.code, data.message, {
      retry: data.retry,
      ...(data.hint === undefined ? {} : { hint: data.hint }),
      ...(data.details === undefined ? {} : { details: data.details }),
      ...(data.cause === undefined ? {} : { cause: data.cause }),
    });
    return error;
  }

  /** The message without its `[CODE]` prefix. */
  get rawMessage(): string {
    return this.message.slice(this.code.length + 3);
  }

  toData(): ErrorData {
    return {
      code: this.code,
      message: this.rawMessage,
      retry: this.retry,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.details === undefined ? {} : { details: { ...this.details } }),
      ...(this.cause === undefined ? {} : { cause: describe(this.cause) }),
    };
  }
}
Object.defineProperty(AgentRuntimeError.prototype, 'name', { value: 'AgentRuntimeError' });

/** For people, and it never throws: whatever was thrown has to get across. */
function describe(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return Object.prototype.toString.call(value);
  }
}
