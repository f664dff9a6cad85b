import { z } from 'zod';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Deeper than this a value parses and then breaks whoever walks it. */
const maxJsonDepth = 64;

/** True for what JSON can hold, to a depth of 64. By hand: as a schema it costs thirty times as much. */
export function isJsonValue(value: unknown, depth = 0): value is JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null) return true;
      if (depth >= maxJsonDepth) return false;
      return (Array.isArray(value) ? value : Object.values(value)).every((each) => isJsonValue(each, depth + 1));
    default:
      return false;
  }
}

export const jsonValueSchema = z.custom<JsonValue>(
  (value) => isJsonValue(value),
  'not a JSON value of at most 64 levels',
);
