import type { TaskView } from '@runtime/contracts';
import { taskView, type TaskState } from '@runtime/contracts/fold';
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

export function endedTask(state: TaskState): EndedTask {
  const view = taskView(state);
  const run = state.runs.findLast((each) => each.agentSessionId !== undefined && each.capabilities?.resume !== 'none');
  return {
    id: state.id,
    ...(state.key === undefined ? {} : { key: state.key }),
    digest: specDigest(state.spec),
    view,
    ...(run?.agentSessionId === undefined ? {} : { session: { runId: run.runId, agentSessionId: run.agentSessionId } }),
  };
}
