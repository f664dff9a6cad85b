import { AgentRuntimeError } from '@runtime/contracts';
import { z } from 'zod';
import { looksSecret } from './environment.ts';

const maxShownChars = 60;

/**
 * The options of an adapter's factory, parsed, with the schema's defaults. `name` is the factory as its user writes it,
 * for messages: `'tmux()'`.
 * Throws INVALID_ARGUMENT with each option that is wrong, what is expected there and what was given; a value whose name
 * looks secret is not shown.
 * Make the schema a `z.strictObject`: a misspelt option is refused then, and the hint lists the right names.
 */
export function parseOptions<S extends z.ZodType>(schema: S, options: unknown, name: string): z.output<S> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => describeFault(issue, options));
  const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  throw new AgentRuntimeError('INVALID_ARGUMENT', `${name} cannot take these options: ${faults.join('; ')}`, {
    ...(names.length > 0 ? { hint: `the options of ${name} are ${names.join(', ')}` } : {}),
    cause: parsed.error,
  });
}

function describeFault(issue: z.core.$ZodIssue, options: unknown): string {
  const where = issue.path.join('.');
  const message = issue.message.replace(/^Invalid input: (expected [^,]*).*/, '$1');
  if (issue.code === 'unrecognized_keys') return where === '' ? message : `${where}: ${message}`;
  const given = show(issue.path.at(-1), valueAt(options, issue.path));
  return `${where === '' ? '' : `${where}: `}${message} (given: ${given})`;
}

function valueAt(options: unknown, path: readonly PropertyKey[]): unknown {
  let value = options;
  for (const key of path) value = isObject(value) ? value[key] : undefined;
  return value;
}

function isObject(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null;
}

function show(name: PropertyKey | undefined, value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  if (typeof value !== 'string') return typeof value;
  if (typeof name === 'string' && looksSecret(name)) return 'a string';
  const text = JSON.stringify(value);
  return text.length > maxShownChars ? `${text.slice(0, maxShownChars)}…` : text;
}
