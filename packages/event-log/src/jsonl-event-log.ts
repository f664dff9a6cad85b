import type { EventLog } from '@runtime/contracts/log';
import type { LogProblem } from './state/problems.ts';

/** An event log in files, with the problems that it found. */
export interface JsonlEventLog extends EventLog {
  /** The latest problems that were found and repaired or ignored, at most 100, those of the opening included. */
  readonly problems: readonly LogProblem[];
}
