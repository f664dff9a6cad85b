import type { RuntimeDefinition } from '@runtime/contracts';
import { defined } from '../defined.ts';
import type { RuntimeConfig, RuntimeEntry } from './schema.ts';

/** Runtimes by id, as they go with a task. */
export type Definitions = Readonly<Record<string, RuntimeDefinition>>;

/** The runtimes of a configuration as definitions, in its order. */
export function definitionsOf({ runtimes }: RuntimeConfig): Definitions {
  return Object.fromEntries(Object.entries(runtimes).map(([id, entry]) => [id, definitionOf(entry)]));
}

function definitionOf({ adapter, passEnv, ...options }: RuntimeEntry): RuntimeDefinition {
  return { adapter, options: defined(options), ...(passEnv === undefined ? {} : { passEnv }) };
}

/** Those with these ids. */
export function pick(definitions: Definitions, ids: Iterable<string>): Definitions {
  return Object.fromEntries(
    [...new Set(ids)].flatMap((id) => {
      const definition = Object.hasOwn(definitions, id) ? definitions[id] : undefined;
      return definition ? [[id, definition]] : [];
    }),
  );
}
