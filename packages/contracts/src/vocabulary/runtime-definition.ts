import { z } from 'zod';
import { isJsonValue, type JsonValue } from '../base/json-value.ts';

/** In characters of its JSON: a definition is recorded with every task that uses it. */
const maxDefinitionChars = 128 * 1024;

type JsonObject = { readonly [key: string]: JsonValue };

const optionsSchema = z
  .custom<JsonObject>(
    (value) => typeof value === 'object' && !Array.isArray(value) && value !== null && isJsonValue(value),
    'expected a JSON object of at most 64 levels',
  )
  .refine(
    (options) => JSON.stringify(options).length <= maxDefinitionChars,
    `the options are larger than ${maxDefinitionChars} characters`,
  );

/**
 * A runtime as a configuration describes it: which adapter, and its options, complete and independent of any working
 * directory. It is recorded in the log as it is: it names secrets (`passEnv`) and holds none.
 */
export const runtimeDefinitionSchema = z.strictObject({
  /** The kind of adapter, as the owner's factory knows it. */
  adapter: z.string().regex(/^[a-z0-9][a-z0-9-]{0,49}$/, 'an adapter is 1-50 lower-case letters, digits and dashes'),
  /** @default none */
  options: optionsSchema.default({}),
  /** Names of variables that every run on this runtime gets; a trailing `*` matches any rest. @default none */
  passEnv: z
    .array(z.string().regex(/^[A-Za-z_]\w*\*?$/, 'expected the name of a variable; a trailing * matches any rest'))
    .max(200)
    .readonly()
    .optional(),
});
export type RuntimeDefinition = z.infer<typeof runtimeDefinitionSchema>;

/** A definition as it is recorded, with the digest of its meaning: two spellings of one definition have the same. */
export const recordedDefinitionSchema = runtimeDefinitionSchema.extend({
  /** SHA-256 in hex, over `canonicalDefinition`. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});
export type RecordedDefinition = z.infer<typeof recordedDefinitionSchema>;

/** The text whose SHA-256 names a definition: JSON with sorted keys, without what means nothing. */
export function canonicalDefinition({ adapter, options, passEnv = [] }: RuntimeDefinition): string {
  const names = [...new Set(passEnv)].sort();
  return canonicalJson({ adapter, options, ...(names.length > 0 ? { passEnv: names } : {}) });
}

function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`;
}

/** `Array.isArray` does not narrow a readonly array. */
const isArray = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
