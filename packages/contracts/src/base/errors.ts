import type { ErrorCode, RetryAdvice } from './error-codes.ts';
import type { ErrorData } from './error-data.ts';

/** What an error carries beside its code and message. */
export interface AgentRuntimeErrorOptions {
  /** @default 'here' for UNAVAILABLE, EXHAUSTED and DEADLINE_EXCEEDED, 'elsewhere' for UNSUPPORTED, else 'never' */
  readonly retry?: RetryAdvice;
  /** What a person can do about it, in one sentence. */
  readonly hint?: string;
  /** Facts for programs, small and JSON-safe: `{ nearest: cursor }`, `{ offset: 4096 }`. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Longest text in an error, in bytes of UTF-8: it may repeat what somebody sent. */
const maxTextBytes = 2048;
/** Room for the count of what was cut. */
const maxCountBytes = 48;
const maxDetailsEntries = 100;
const maxDetailsDepth = 4;

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
 * The brand is a registered symbol, so that two bundled copies of this module recognise each other's errors: use
 * `isInstance`, not `instanceof`.
 * Each of its texts has at most 2 KiB, in `details` as well, and says how much was cut; a list in `details` has at most
 * 100 entries. Whoever makes one need not cut what it repeats.
 */
export class AgentRuntimeError extends Error {
  readonly code: ErrorCode;
  readonly retry: RetryAdvice;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: AgentRuntimeErrorOptions = {}) {
    super(`[${code}] ${capped(message)}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry ?? defaultRetry[code] ?? 'never';
    this.hint = options.hint === undefined ? undefined : capped(options.hint);
    this.details = options.details && cappedRecord(options.details, maxDetailsDepth);
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for an error of this class from any copy of this module. */
  static isInstance(value: unknown): value is AgentRuntimeError {
    return typeof value === 'object' && value !== null && brand in value;
  }

  /**
   * Makes an `AgentRuntimeError` of any thrown value and keeps that value as `cause`; one that is an
   * `AgentRuntimeError` already is returned.
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

  /** The inverse of `toData`, for an error that came over a socket. */
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

  /** The error as plain data, for a socket or a log. `cause` becomes text. */
  toData(): ErrorData {
    return {
      code: this.code,
      message: this.rawMessage,
      retry: this.retry,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.details === undefined ? {} : { details: { ...this.details } }),
      ...(this.cause === undefined ? {} : { cause: capped(describe(this.cause)) }),
    };
  }
}
Object.defineProperty(AgentRuntimeError.prototype, 'name', { value: 'AgentRuntimeError' });

/** What happened and, in parentheses, what to do: where there is one text for both. */
export function messageWithHint({ rawMessage, hint }: Pick<AgentRuntimeError, 'rawMessage' | 'hint'>): string {
  return hint === undefined ? rawMessage : `${rawMessage} (${hint})`;
}

/** A thrown value as text for people. Never throws. */
function describe(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function capped(text: string): string {
  if (text.length <= maxTextBytes / 3 || unitsWithin(text, maxTextBytes) === text.length) return text;
  const kept = unitsWithin(text, maxTextBytes - maxCountBytes);
  return `${text.slice(0, kept)}… and ${text.length - kept} more characters`;
}

/** How many UTF-16 units from the beginning fit into this many bytes, without half a character. */
const unitsWithin = (text: string, bytes: number): number =>
  new TextEncoder().encodeInto(text, new Uint8Array(bytes)).read;

function cappedRecord(record: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  const entries = Object.entries(record).slice(0, maxDetailsEntries);
  return Object.fromEntries(entries.map(([key, value]) => [capped(key), cappedValue(value, depth - 1)]));
}

function cappedValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return capped(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return value.slice(0, maxDetailsEntries).map((each) => cappedValue(each, depth - 1));
  return cappedRecord(value as Record<string, unknown>, depth);
}
