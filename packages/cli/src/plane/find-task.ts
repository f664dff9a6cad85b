import { AgentRuntimeError, idSchema, type ControlPlane, type TaskView } from '@runtime/contracts';
import { usageError } from '../arguments/usage-error.ts';

/**
 * Finds a task by its id, by the beginning of its id where that is unique, or the newest one by `last`.
 * Throws NOT_FOUND, and INVALID_ARGUMENT for an ambiguous beginning or a text that cannot be an id.
 */
export async function findTask(plane: ControlPlane, text: string | undefined): Promise<TaskView> {
  if (text === undefined)
    throw usageError('the task is missing', 'runtime list shows the tasks; last stands for the newest one');
  if (text === 'last') {
    const [newest] = await plane.tasks({ limit: 1 });
    if (newest) return newest;
    throw new AgentRuntimeError('NOT_FOUND', 'there are no tasks yet', { hint: 'runtime run "<prompt>" starts one' });
  }
  if (!idSchema.safeParse(text).success) throw usageError(`${JSON.stringify(text)} is not a task id`);
  try {
    return await plane.task(text).status();
  } catch (error) {
    if (!AgentRuntimeError.isInstance(error) || error.code !== 'NOT_FOUND') throw error;
    const found = await findByPrefix(plane, text);
    if (found) return found;
    throw error;
  }
}

async function findByPrefix(plane: ControlPlane, prefix: string): Promise<TaskView | undefined> {
  const matches = (await plane.tasks()).filter((view) => view.id.startsWith(prefix));
  if (matches.length <= 1) return matches[0];
  const ids = matches.slice(0, 5).map((view) => view.id);
  throw usageError(`${prefix} is the beginning of ${matches.length} task ids`, `among them ${ids.join(', ')}`);
}
