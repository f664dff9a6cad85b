import { AgentRuntimeError, type ControlPlane, type TaskSpec } from '@runtime/contracts';
import { pick, type Definitions } from '../config/definitions.ts';

/** The spec of a task, as it was recorded when the task was submitted. */
export async function specOf(plane: ControlPlane, taskId: string, signal: AbortSignal): Promise<TaskSpec> {
  for await (const event of plane.task(taskId).events({ follow: false, signal })) {
    if (event.type === 'task.submitted') return event.spec;
  }
  throw new AgentRuntimeError('DATA_CORRUPT', `the log has no submission of ${taskId}`);
}

/** The definitions that a task had; of a task that recorded none, those that its runtimes have here. */
export function definitionsOfTask({ definitions, runtimes }: TaskSpec, here: Definitions): Definitions {
  if (!definitions) {
    const ids = runtimes.map(({ runtime }) => runtime);
    return pick(here, ids);
  }
  const entries = Object.entries(definitions).map(([id, recorded]) => {
    const { digest: _, ...definition } = recorded;
    return [id, definition];
  });
  return Object.fromEntries(entries);
}
