import { z } from 'zod';

/** What JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** The deepest JSON value that is accepted: a deeper one parses, and then overflows the stack of code that walks it. */
const maxJsonDepth = 64;

/** True for what JSON can hold, to a depth of 64. By hand: as a schema it costs thirty times as much. */
export function isJsonValue(value: unknown, depth = 0): value is JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth >= maxJsonDepth) return false;
  return (Array.isArray(value) ? value : Object.values(value)).every((each) => isJsonValue(each, depth + 1));
}

export const jsonValueSchema = z.custom<JsonValue>(
  (value) => isJsonValue(value),
  'not a JSON value of at most 64 levels',
);
