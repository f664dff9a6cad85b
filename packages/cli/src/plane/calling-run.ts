import { idSchema } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import type { CliDependencies } from '../host/dependencies.ts';

/**
 * The run that a command is called from, when an agent calls it. Only for commands that submit, wait, or end a task
 * themselves: it may look at other processes.
 */
export async function callingRun(deps: Pick<CliDependencies, 'env' | 'findCallingRun'>): Promise<string | undefined> {
  return idSchema.safeParse(deps.env[runMarker]).data ?? (await deps.findCallingRun?.());
}
