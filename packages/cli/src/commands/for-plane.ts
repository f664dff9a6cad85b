import type { ControlPlane, SubmitRequest } from '@runtime/contracts';
import type { Definitions } from '../config/definitions.ts';
import type { CommandContext } from '../invocation/context.ts';
import { variable, withDefinitions, withPassedValues } from '../plane/caller.ts';

/**
 * The request as this plane takes it: with these definitions and the variables of this shell, or, for a plane whose
 * program brings its own runtimes, with their names and the values of what is passed.
 */
export async function forPlane(
  { deps, signal }: CommandContext,
  plane: ControlPlane,
  request: SubmitRequest,
  definitions: Definitions,
): Promise<SubmitRequest> {
  const isDefined = Object.keys(definitions).length > 0 && (await plane.info({ signal })).definitions;
  return isDefined ? withDefinitions(deps, request, definitions) : withPassedValues(deps, request);
}

/** Tells which variables are to be passed and are not there. */
export function noteUnset({ deps, out }: CommandContext, { env }: SubmitRequest): void {
  const unset = [...new Set(env?.pass ?? [])].filter((name) => variable(deps, name) === undefined);
  if (unset.length === 0) return;
  const are = unset.length === 1 ? 'is' : 'are';
  out.note(
    `note: ${unset.join(', ')} ${are} not set in this shell, so the agent does not get ${unset.length === 1 ? 'it' : 'them'}`,
  );
}
