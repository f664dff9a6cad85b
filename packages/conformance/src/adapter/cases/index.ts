import { approvalCases } from './approval-cases.ts';
import { capabilityCases } from './capability-cases.ts';
import { contentCases } from './content-cases.ts';
import { endingCases } from './ending-cases.ts';
import { eventCases } from './event-cases.ts';
import { followUpCases } from './follow-up-cases.ts';
import { probeCases } from './probe-cases.ts';
import { readingCases } from './reading-cases.ts';
import { recoveryCases } from './recovery-cases.ts';
import { startCases } from './start-cases.ts';
import { steerCases } from './steer-cases.ts';
import { traitCases } from './trait-cases.ts';
import { collectCases } from '../verifies.ts';

/** The case that proves each requirement, by id. */
export const cases = collectCases([
  ...approvalCases,
  ...capabilityCases,
  ...contentCases,
  ...endingCases,
  ...eventCases,
  ...followUpCases,
  ...probeCases,
  ...readingCases,
  ...recoveryCases,
  ...startCases,
  ...steerCases,
  ...traitCases,
]);
