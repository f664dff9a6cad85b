import { AgentRuntimeError, idSchema, type ControlPlane, type TaskView } from '@runtime/contracts';
import { usageError } from '../arguments/usage-error.ts';

/** The task that was meant: by its id, by the beginning of it where only one task begins so, or `last` for the one submitted last. */
export async function findTask(plane: ControlPlane, text: string | undefined): Promise<TaskView> {
  if (text === undefined) throw usageError('which task?', 'runtime list shows them; last is the one submitted last');
  if (text === 'last') {
    const [newest] = await plane.tasks({ limit: 1 });
    if (newest) return newest;
    throw new AgentRuntimeError('NOT_FOUND', 'there is no task yet', { hint: 'runtime run "<prompt>" starts one' });
  }
  if (!idSchema.safeParse(text).success) throw usageError(`not a task's id: ${JSON.stringify(text)}`);
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
  throw usageError(`${prefix} is the beginning of ${matches.length} tasks`, `among them ${ids.join(', ')}`);
}
