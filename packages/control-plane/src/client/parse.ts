import { AgentRuntimeError } from '@runtime/contracts/base';
import type { z } from 'zod';

/** Parses what a caller passed. Throws INVALID_ARGUMENT that names each field that does not fit. */
export function parseWith<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = misfits(parsed.error);
  throw new AgentRuntimeError('INVALID_ARGUMENT', `${what}: ${issues.join('; ')}`, { details: { issues } });
}

/** A message may name every key that is unknown. */
const maxMisfitChars = 300;

/** The first fields that do not fit a schema, each with the reason. */
export function misfits({ issues }: z.ZodError): string[] {
  return issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`))
    .map((text) => (text.length <= maxMisfitChars ? text : `${text.slice(0, maxMisfitChars)}…`));
}
