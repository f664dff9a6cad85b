import type { Bench } from './stage.ts';
import { requirements, type RequirementId } from './requirements.ts';

/** What proves one requirement. */
export interface Case {
  readonly id: RequirementId;
  /** Throws when the requirement does not hold. */
  readonly body: (bench: Bench) => Promise<void>;
}

/** Says that `body` proves the requirement. Throws for an id that is not in the table. */
export function verifies(id: RequirementId, body: Case['body']): Case {
  if (!Object.hasOwn(requirements, id)) throw new Error(`there is no requirement ${id}`);
  return { id, body };
}

/** The cases by requirement. Throws when two verify the same one. */
export function collectCases(cases: readonly Case[]): ReadonlyMap<RequirementId, Case['body']> {
  const collected = new Map<RequirementId, Case['body']>();
  for (const { id, body } of cases) {
    if (collected.has(id)) throw new Error(`${id} is verified twice`);
    collected.set(id, body);
  }
  return collected;
}

/** Ids of requirements that no case verifies: none, or the suite is not what it says. */
export function unverified(cases: ReadonlyMap<RequirementId, Case['body']>): string[] {
  return Object.keys(requirements).filter((id) => !new Set<string>(cases.keys()).has(id));
}
