import type { PiStep } from '../pi-script.ts';
import type { PiArguments } from './cli.ts';
import type { Dialect } from './dialect.ts';
import type { Answer, Dialogs } from './dialogs.ts';
import type { Queue } from './queue.ts';
import type { Arrival } from './rules.ts';
import type { Session } from './session.ts';
import type { ToolChildren } from './tool-children.ts';

/** The state of the process, as runs and commands share it. */
export interface Pi {
  readonly args: PiArguments;
  readonly dialect: Dialect;
  readonly queue: Queue;
  readonly dialogs: Dialogs;
  readonly children: ToolChildren;
  readonly stepsFor: (arrival: Arrival) => PiStep[];
  session: Session;
  sessionName: string | undefined;
  /** What `get_state` reports. It can be wrong: see `Lane`. */
  isStreaming: boolean;
  isCompacting: boolean;
  lastAnswer: Answer;
  /** A run asked for a compaction between its agent_end and its agent_settled. */
  compactAfterRun: boolean;
}
