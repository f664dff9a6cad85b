import type { RunState, TaskState } from '@runtime/contracts/fold';
import type { Conversation } from '../task/task.ts';

/** The last run whose conversation can be continued. */
export const continuable = (state: TaskState): RunState | undefined =>
  state.runs.findLast((each) => each.agentSessionId !== undefined && each.capabilities?.resume !== 'none');

/** The last conversation, for `continueOf`. */
export function conversationOf(state: TaskState): Conversation | undefined {
  const run = continuable(state);
  return run?.agentSessionId === undefined ? undefined : { runId: run.runId, agentSessionId: run.agentSessionId };
}

/** What helps whoever has more to say to a task that takes no more. */
export const tooLateHint = (state: TaskState): string =>
  continuable(state)
    ? 'continue the conversation in a new task: submit({ continueOf }), runtime run --continue'
    : `its conversation cannot be continued; runtime requeue ${state.id} does the task again`;
