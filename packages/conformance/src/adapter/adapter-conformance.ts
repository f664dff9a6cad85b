import { describe, test } from 'vitest';
import { Stage } from './stage.ts';
import { cases } from './cases/index.ts';
import type { AdapterHarness, ConformanceOptions } from './harness.ts';
import { NotApplicable } from './not-applicable.ts';
import { slowness } from './slowness.ts';
import { requirements, type RequirementId } from './requirements.ts';
import { unverified } from './verifies.ts';

const requirementIds = Object.keys(requirements).filter((id): id is RequirementId => id in requirements);

/** Enough for the slowest case of the slowest adapter, which plays several runs, on the reference machine. */
const caseTimeoutMs = 60_000;

/**
 * Registers one vitest test per requirement of the adapter contract. The suite proves each capability that the adapter
 * declares, and expects UNSUPPORTED for each one that it does not declare: a manifest can claim neither more nor less
 * than is true.
 *
 * The test of a requirement in `knownFailures` passes while the requirement fails, and fails once it holds.
 * Throws at once for a known failure that names no requirement. A case that does not apply is skipped with its reason.
 */
export function adapterConformance(name: string, harness: AdapterHarness, options: ConformanceOptions = {}): void {
  const knownFailures = options.knownFailures ?? {};
  for (const id of Object.keys(knownFailures)) {
    if (!Object.hasOwn(requirements, id)) throw new Error(`knownFailures names no requirement: ${id}`);
  }
  const timeout = Math.round(caseTimeoutMs * slowness());
  describe(`${name} keeps the adapter contract`, () => {
    test('and nothing of it is left unverified', () => {
      const missing = unverified(cases);
      if (missing.length > 0) throw new Error(`nothing verifies ${missing.join(', ')}`);
    });
    for (const id of requirementIds) {
      const reason = knownFailures[id];
      const register = reason === undefined ? test : test.fails;
      const title = `${id}: ${requirements[id].behaviour}${reason === undefined ? '' : ` (known failure: ${reason})`}`;
      register(title, { timeout }, async (context) => {
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

/**
 * Runs the case of one requirement outside of vitest and cleans up.
 * Throws an assertion error when the requirement does not hold, and `NotApplicable` when it does not concern the
 * adapter.
 */
export async function proveRequirement(
  id: RequirementId,
  harness: AdapterHarness,
  options: ConformanceOptions = {},
): Promise<void> {
  const body = cases.get(id);
  if (!body) throw new Error(`nothing verifies ${id}`);
  const stage = new Stage(harness, options);
  try {
    await body(stage);
  } finally {
    await stage.close();
  }
}
