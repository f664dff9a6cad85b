/** The name of a task's stream: `task/<id>`. */
export const taskStream = (taskId: string): string => `task/${taskId}`;
/** The name of a runtime's stream: `runtime/<id>`. */
export const runtimeStream = (runtimeId: string): string => `runtime/${runtimeId}`;
/** The name of the plane's own stream. */
export const planeStream = 'plane';

/** The id of the task whose stream this is; undefined for other streams. */
export function taskIdOf(stream: string): string | undefined {
  return stream.startsWith('task/') ? stream.slice(5) : undefined;
}
