import type { Stage } from './stage.ts';
import { requirements, type RequirementId } from './requirements.ts';

/** What proves one requirement. */
export interface Case {
  readonly id: RequirementId;
  /** Throws when the requirement does not hold. */
  readonly body: (stage: Stage) => Promise<void>;
}

/** Pairs a requirement with the case that proves it. Throws for an id that is not in the table. */
export function verifies(id: RequirementId, body: Case['body']): Case {
  if (!Object.hasOwn(requirements, id)) throw new Error(`there is no requirement ${id}`);
  return { id, body };
}

/** The cases by requirement. Throws when two cases verify the same one. */
export function collectCases(cases: readonly Case[]): ReadonlyMap<RequirementId, Case['body']> {
  const collected = new Map<RequirementId, Case['body']>();
  for (const { id, body } of cases) {
    if (collected.has(id)) throw new Error(`${id} is verified twice`);
    collected.set(id, body);
  }
  return collected;
}

/** The ids of the requirements that no case verifies. The suite fails unless there are none. */
export function unverified(cases: ReadonlyMap<RequirementId, Case['body']>): string[] {
  return Object.keys(requirements).filter((id) => !new Set<string>(cases.keys()).has(id));
}
