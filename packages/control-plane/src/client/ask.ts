import { AgentRuntimeError, type CallOptions } from '@runtime/contracts/base';
import type { z } from 'zod';
import type { Channel } from './channel.ts';
import { misfits } from './parse.ts';

/** Calls a method and parses its answer. Throws PROTOCOL_VIOLATION for an answer that does not fit the schema. */
export async function ask<S extends z.ZodType>(
  channel: Channel,
  schema: S,
  method: string,
  params: Readonly<Record<string, unknown>>,
  options?: CallOptions,
): Promise<z.output<S>> {
  const parsed = schema.safeParse(await channel.call(method, params, options));
  if (parsed.success) return parsed.data;
  const issues = misfits(parsed.error).join('; ');
  throw new AgentRuntimeError('PROTOCOL_VIOLATION', `the answer to ${method} does not fit its schema: ${issues}`, {
    hint: 'the owner may be of another version: restart it with this one',
  });
}
