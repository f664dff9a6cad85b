import { inspect } from 'node:util';
import { AgentRuntimeError } from '@runtime/contracts';
import type { z } from 'zod';

/**
 * The options of the factory `name` as its schema reads them, defaults filled in.
 * Throws INVALID_ARGUMENT that names each option, what was expected and what was got.
 */
export function parseOptions<S extends z.ZodObject>(schema: S, options: unknown, name: string): z.output<S> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => problemOf(issue, options));
  throw new AgentRuntimeError('INVALID_ARGUMENT', `the options of ${name}() are not valid: ${problems.join('; ')}`, {
    hint: `the options are: ${Object.keys(schema.shape).join(', ')}`,
  });
}

function problemOf({ path, message }: z.core.$ZodIssue, options: unknown): string {
  const option = path.map((key) => (typeof key === 'number' ? `[${key}]` : String(key))).join('');
  let got = options;
  for (const key of path) got = Object(got)[key];
  const shown = inspect(got, { breakLength: Infinity }).slice(0, 100);
  return option === '' ? message : `${option}: ${message}, got ${shown}`;
}
