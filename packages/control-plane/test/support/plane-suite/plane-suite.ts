import { describe } from 'vitest';
import type { OpenPlane } from '../planes.ts';
import { approvalCases } from './approval-cases.ts';
import { attemptCases } from './attempt-cases.ts';
import { endingCases } from './ending-cases.ts';
import { instructionCases } from './instruction-cases.ts';
import { submitCases } from './submit-cases.ts';

/** What every plane does, whichever way it is reached. */
export function planeSuite(name: string, openPlane: OpenPlane): void {
  describe(`over ${name}`, () => {
    submitCases(openPlane);
    endingCases(openPlane);
    instructionCases(openPlane);
    attemptCases(openPlane);
    approvalCases(openPlane);
  });
}
