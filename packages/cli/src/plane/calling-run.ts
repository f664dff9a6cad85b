import { submitRequestSchema } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import type { CliDependencies } from '../host/dependencies.ts';

/** The run that a command is called from, when an agent calls it. */
export function callingRun(env: CliDependencies['env']): string | undefined {
  return submitRequestSchema.shape.parentRunId.safeParse(env[runMarker]).data;
}
