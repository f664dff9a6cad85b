import type { TaskView } from '@runtime/contracts';
import { taskView, type RunState, type TaskState } from '@runtime/contracts/fold';
import { specDigest } from './spec-digest.ts';

/** What is kept in memory of an ended task; the rest is in its stream. */
export interface EndedTask {
  readonly id: string;
  readonly key?: string;
  readonly digest: string;
  readonly view: TaskView;
  /** The last conversation, for `continueOf`. */
  readonly session?: { readonly runId: string; readonly agentSessionId: string };
}

/** The last run whose conversation can be continued. */
const continuable = (state: TaskState): RunState | undefined =>
  state.runs.findLast((each) => each.agentSessionId !== undefined && each.capabilities?.resume !== 'none');

/** What helps whoever has more to say to a task that takes no more. */
export const tooLateHint = (id: string, canContinue: boolean): string =>
  canContinue
    ? 'continue the conversation in a new task: submit({ continueOf }), runtime run --continue'
    : `its conversation cannot be continued; runtime requeue ${id} does the task again`;

/** As `tooLateHint`, of a task that may not have ended yet. */
export const tooLateHintOf = (state: TaskState): string => tooLateHint(state.id, continuable(state) !== undefined);

export function endedTask(state: TaskState): EndedTask {
  const view = taskView(state);
  const run = continuable(state);
  return {
    id: state.id,
    ...(state.key === undefined ? {} : { key: state.key }),
    digest: specDigest(state.spec),
    view,
    ...(run?.agentSessionId === undefined ? {} : { session: { runId: run.runId, agentSessionId: run.agentSessionId } }),
  };
}
