import { isBackendId } from '../base/ids.ts';
import { maxEventTextChars, sessionEventSchemas, type SessionEvent, type SessionEventType } from './session-events.ts';

/** What an event of this type is, with its own fields alone. */
type Take<T extends SessionEventType> = (
  fields: Readonly<Record<string, unknown>>,
) => Extract<SessionEvent, { readonly type: T }> | undefined;

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= maxEventTextChars;
const isSource = oneOf(sessionEventSchemas['output.delta'].shape.source.options);
const isMode = oneOf(sessionEventSchemas['tool.delta'].shape.mode.options);

/**
 * What the schemas of increments say, by hand: nearly all events are increments, and a schema costs several times as
 * much. A test holds them to the schemas.
 */
const increments: { readonly [T in Extract<SessionEventType, `${string}.delta`>]: Take<T> } = {
  'text.delta': ({ messageId, text }) =>
    isBackendId(messageId) && isText(text) ? { type: 'text.delta', messageId, text } : undefined,
  'reasoning.delta': ({ messageId, text }) =>
    isBackendId(messageId) && isText(text) ? { type: 'reasoning.delta', messageId, text } : undefined,
  'output.delta': ({ source, text }) =>
    isSource(source) && isText(text) ? { type: 'output.delta', source, text } : undefined,
  'tool.delta': ({ callId, mode, text }) =>
    isBackendId(callId) && isMode(mode) && isText(text) ? { type: 'tool.delta', callId, mode, text } : undefined,
};

/**
 * An event as an adapter may report it, with the fields of its schema alone; undefined for what fits none of
 * `sessionEventSchemas`.
 */
export function parseSessionEvent(value: unknown): SessionEvent | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  const { type } = value;
  if (isIncrement(type)) return increments[type](value);
  return isKnown(type) ? sessionEventSchemas[type].safeParse(value).data : undefined;
}

function isIncrement(type: unknown): type is keyof typeof increments {
  return typeof type === 'string' && Object.hasOwn(increments, type);
}

function isKnown(type: unknown): type is SessionEventType {
  return typeof type === 'string' && Object.hasOwn(sessionEventSchemas, type);
}

function oneOf<T extends string>(values: readonly T[]): (value: unknown) => value is T {
  const set: ReadonlySet<unknown> = new Set(values);
  return (value): value is T => set.has(value);
}
