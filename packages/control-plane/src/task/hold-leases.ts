import type { Task } from './task.ts';

/**
 * Takes what only one run may use at a time: the workspace, and the conversation, since two agents on either would undo
 * each other's work.
 * False when another task holds one of them; the scheduler is asked again when it is released.
 */
export function holdLeases(task: Task, agentSessionId: string | undefined): boolean {
  const { spec } = task.state;
  const names: [string, boolean][] = [[`workspace:${spec.workspace}`, spec.shareWorkspace]];
  if (agentSessionId !== undefined) names.push([`session:${agentSessionId}`, false]);
  const released = (): void => {
    task.heldUntil = 0;
    task.host.changed(task);
  };
  const held = names.every(([name, share]) => task.ctx.leases.take(name, task.id, share, released));
  if (!held && task.state.runs.length === 0) task.ctx.leases.releaseAll(task.id);
  return held;
}
