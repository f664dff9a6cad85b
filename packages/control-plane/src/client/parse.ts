import { AgentRuntimeError } from '@runtime/contracts';
import type { z } from 'zod';

/** Parses what crossed an edge. Throws INVALID_ARGUMENT that names each field that does not fit. */
export function parseWith<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5).map((issue) => {
    const path = issue.path.map(String).join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
  throw new AgentRuntimeError('INVALID_ARGUMENT', `${what}: ${issues.join('; ')}`, { details: { issues } });
}
