import { NotApplicable, proveRequirement, type RequirementId } from '@runtime/conformance/adapter';
import { describe, test } from 'vitest';
import { harnessFor } from './support/harness.ts';

/** What differs between versions: how a turn ends, how the queue is emptied, when a session file is there. */
const versioned: readonly RequirementId[] = [
  'send.steer',
  'send.follow-up',
  'send.overlap',
  'interrupt.keeps-session',
  'resume.conversation',
  'recover.live',
  'answer.reaches',
  'stop.tree',
];

describe.each(['0.73', '1.5'] as const)('the adapter on a Pi like %s', (version) => {
  test.each(versioned)('keeps %s', async (id) => {
    try {
      await proveRequirement(id, harnessFor(version));
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error;
    }
  });
});
