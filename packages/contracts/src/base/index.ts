/**
 * The part of the contracts that needs no schemas, for programs that start often: the one error class, the waiting for a
 * signal, and limits for JSON before it is parsed. Loads no zod. Everything here is exported by the main entry, too.
 *
 * @packageDocumentation
 */
export { abortable, throwIfAborted } from './abort.ts';
export type { CallOptions } from './call-options.ts';
export { errorCodes } from './error-codes.ts';
export type { ErrorCode, RetryAdvice } from './error-codes.ts';
export type { ErrorData } from './error-data.ts';
export { AgentRuntimeError, messageWithHint } from './errors.ts';
export type { AgentRuntimeErrorOptions } from './errors.ts';
export { jsonDepthExceeds, jsonMembersExceed } from './json-depth.ts';
export { systemCode } from './system-code.ts';
