import type { RuntimeDefinition } from '@runtime/contracts';
import { defined } from './defined.ts';
import type { RuntimeEntry, Runtimes } from './runtime-entry.ts';

/** The runtimes as definitions, in their order: as they go with a task, and as `createAdapter` takes them. */
export function definitionsOf(runtimes: Readonly<Runtimes>): Readonly<Record<string, RuntimeDefinition>> {
  return Object.fromEntries(Object.entries(runtimes).map(([id, entry]) => [id, definitionOf(entry)]));
}

function definitionOf({ adapter, passEnv, ...options }: RuntimeEntry): RuntimeDefinition {
  return { adapter, options: defined(options), ...(passEnv === undefined ? {} : { passEnv }) };
}
