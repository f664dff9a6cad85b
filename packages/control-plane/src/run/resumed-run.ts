import type { TaskState } from '@runtime/contracts/fold';
import type { TaskActor } from '../task/task-actor.ts';

/** The conversation that a resuming run picks up: of an earlier run of this task, or of the task that it continues. */
export interface ResumedRun {
  readonly runId: string;
  readonly agentSessionId: string;
}

export function resumedRun(actor: TaskActor, state: TaskState): ResumedRun | undefined {
  const own = state.runs.findLast((run) => run.agentSessionId !== undefined);
  if (own?.agentSessionId !== undefined) return { runId: own.runId, agentSessionId: own.agentSessionId };
  return actor.ctx.continued(state.spec.continueOf);
}
