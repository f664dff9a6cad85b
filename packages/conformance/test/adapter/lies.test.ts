import { describe, expect, test } from 'vitest';
import { NotApplicable, proveRequirement, requirements, type RequirementId } from '../../src/adapter/index.ts';
import { endingLies } from '../support/ending-lies.ts';
import { capabilityLies, eventLies, type Lie } from '../support/lies.ts';
import { memoryHarness } from '../support/memory-harness.ts';
import { twisted } from '../support/twisted.ts';

const lies: Readonly<Record<string, Lie>> = { ...capabilityLies, ...eventLies, ...endingLies };

/** Requirements that the runtime in memory has no part in: adapters with processes prove them. */
const onlyOnProcesses: readonly RequirementId[] = ['recover.after-kill', 'probe.environment'];

async function verdict(id: RequirementId, { truth = {}, twist }: Lie): Promise<string> {
  try {
    await proveRequirement(id, twisted(memoryHarness({ capabilities: truth }), twist), { patienceMs: 400 });
    return 'believed';
  } catch (error) {
    return error instanceof NotApplicable ? `not asked: ${error.message}` : 'caught';
  }
}

describe.concurrent('a runtime that', () => {
  for (const [name, lie] of Object.entries(lies)) {
    test.for(lie.caughtBy)(`${name} is caught by %s`, async (id, { expect }) => {
      expect(await verdict(id, lie)).toBe('caught');
    });
  }
});

test('every requirement has a lie that it catches', () => {
  const caught = new Set<string>([...Object.values(lies).flatMap((lie) => lie.caughtBy), ...onlyOnProcesses]);
  expect(Object.keys(requirements).filter((id) => !caught.has(id))).toEqual([]);
});
