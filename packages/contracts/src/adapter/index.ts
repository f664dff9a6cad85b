/**
 * For authors of adapters: what an adapter and its sessions are, what they are given, and what they may report.
 *
 * @packageDocumentation
 */
export type {
  AgentRuntime,
  Launch,
  ProbeOptions,
  ReadEventsOptions,
  RecoverOptions,
  Recovery,
  RuntimeAdapter,
  RuntimeSession,
  SourceBatch,
  SourceCursor,
  Unavailable,
} from './runtime-adapter.ts';
export { attachSchema } from '../vocabulary/attach.ts';
export type { Attach } from '../vocabulary/attach.ts';
export { exitSchema, runMarker, specVersion } from '../vocabulary/handle.ts';
export type { Exit, LeakedProcess, RuntimeHandle } from '../vocabulary/handle.ts';
export { policyAction, policyAsks } from '../vocabulary/approval.ts';
export { namedWaitMs } from '../vocabulary/retry-after.ts';
export { codeOfSignal } from '../vocabulary/outcome.ts';
export { classifyMessage } from '../vocabulary/failure-words.ts';
export { deltaTypes, maxEventTextChars, maxOpen, sessionEventSchemas } from '../events/session-events.ts';
export type { SessionEvent, SessionEventType } from '../events/session-events.ts';
export { parseSessionEvent } from '../events/parse-session-event.ts';
