import type { RuntimeDefinition } from '@runtime/contracts';

/** Runtimes by id, as they go with a task. */
export type Definitions = Readonly<Record<string, RuntimeDefinition>>;

/** Those with these ids. */
export function pick(definitions: Definitions, ids: Iterable<string>): Definitions {
  return Object.fromEntries(
    [...new Set(ids)].flatMap((id) => {
      const definition = Object.hasOwn(definitions, id) ? definitions[id] : undefined;
      return definition ? [[id, definition]] : [];
    }),
  );
}
