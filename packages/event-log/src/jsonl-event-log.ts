import type { EventLog } from '@runtime/contracts/log';
import type { LogProblem } from './state/problems.ts';

/** An event log in files, and what it noticed. */
export interface JsonlEventLog extends EventLog {
  /** The latest things found and mended or passed over, at most a hundred; those of the opening included. */
  readonly problems: readonly LogProblem[];
}
