/** The stream of a task. */
export const taskStream = (taskId: string): string => `task/${taskId}`;
export const runtimeStream = (runtimeId: string): string => `runtime/${runtimeId}`;
export const planeStream = 'plane';

/** The task's id of a `task/<id>` stream, else undefined. */
export function taskIdOf(stream: string): string | undefined {
  return stream.startsWith('task/') ? stream.slice(5) : undefined;
}
