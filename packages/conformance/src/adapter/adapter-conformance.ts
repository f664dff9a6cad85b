import { describe, test } from 'vitest';
import { Bench } from './stage.ts';
import { cases } from './cases/index.ts';
import type { AdapterHarness, ConformanceOptions } from './harness.ts';
import { NotApplicable } from './not-applicable.ts';
import { requirements, type RequirementId } from './requirements.ts';
import { unverified } from './verifies.ts';

const requirementIds = Object.keys(requirements).filter((id): id is RequirementId => id in requirements);

/** Every case of the slowest adapter, several plays each. */
const caseTimeoutMs = 60_000;

/**
 * Registers with vitest one test per requirement of the adapter contract. It branches on what the adapter declares:
 * a declared capability is proven, one that is not declared must be UNSUPPORTED, so a manifest cannot say more or less than is true.
 *
 * A requirement named in `knownFailures` must fail, and turns red once it holds. Names of no requirement throw at once.
 * A case that does not apply is skipped with its reason.
 */
export function adapterConformance(name: string, harness: AdapterHarness, options: ConformanceOptions = {}): void {
  const knownFailures = options.knownFailures ?? {};
  for (const id of Object.keys(knownFailures)) {
    if (!Object.hasOwn(requirements, id)) throw new Error(`knownFailures names no requirement: ${id}`);
  }
  describe(`${name} keeps the adapter contract`, () => {
    test('and nothing of it is left unverified', () => {
      const missing = unverified(cases);
      if (missing.length > 0) throw new Error(`nothing verifies ${missing.join(', ')}`);
    });
    for (const id of requirementIds) {
      const reason = knownFailures[id];
      const register = reason === undefined ? test : test.fails;
      const title = `${id}: ${requirements[id].behaviour}${reason === undefined ? '' : ` (known failure: ${reason})`}`;
      register(title, { timeout: caseTimeoutMs }, async (context) => {
        try {
          await proveRequirement(id, harness, options);
        } catch (error) {
          if (error instanceof NotApplicable) context.skip(error.message);
          throw error;
        }
      });
    }
  });
}

/** Runs the case of one requirement and cleans up. Throws when it does not hold, `NotApplicable` when it does not concern the adapter. */
export async function proveRequirement(
  id: RequirementId,
  harness: AdapterHarness,
  options: ConformanceOptions = {},
): Promise<void> {
  const body = cases.get(id);
  if (!body) throw new Error(`nothing verifies ${id}`);
  const bench = new Bench(harness, options);
  try {
    await body(bench);
  } finally {
    await bench.close();
  }
}
