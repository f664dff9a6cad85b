import type { WaitingFor } from '@runtime/contracts';
import { directoryOf } from './directory.ts';
import type { Task } from './task.ts';

export const sessionLease = (agentSessionId: string): string => `session:${agentSessionId}`;
const workspaceLease = (workspace: string): string => `workspace:${workspace}`;

interface Wanted {
  readonly kind: 'workspace' | 'session';
  readonly name: string;
  readonly share: boolean;
  readonly isShared: (holder: string) => boolean;
}

function wantedBy(task: Task, agentSessionId: string | undefined): Wanted[] {
  const { spec, ancestors = [] } = task.state;
  // An ancestor that runs may be waiting for this task, and so lends it the workspace. One that does not run may start
  // over in it at any time: it comes first, before the tasks below it that do not run either.
  const isOfFamily = (holder: string): boolean =>
    ancestors.some(({ taskId }) => taskId === holder)
      ? task.host.isRunning(holder)
      : task.host.isBelow(holder, task.id) && !task.host.isRunning(holder);
  // Two strangers at work would undo each other's work; one that can only wait for this task does none.
  const isLent = (holder: string): boolean => isOfFamily(holder) || task.host.isStuckBehind(holder, task.id);
  const name = workspaceLease(directoryOf(task));
  const workspace: Wanted = { kind: 'workspace', name, share: spec.shareWorkspace, isShared: isLent };
  if (agentSessionId === undefined) return [workspace];
  const session = { kind: 'session', name: sessionLease(agentSessionId), share: false, isShared: () => false } as const;
  return [workspace, session];
}

/**
 * Takes what only one run may use at a time: the workspace, and the conversation, since two agents on either would undo
 * each other's work.
 * Returns what the task has to wait for when another task holds one of them; the scheduler is asked again when it is
 * released.
 */
export function holdLeases(task: Task, agentSessionId: string | undefined): WaitingFor | undefined {
  const { leases } = task.ctx;
  const released = (): void => task.release();
  for (const { kind, name, share, isShared } of wantedBy(task, agentSessionId)) {
    if (leases.take(name, task.id, share, released, isShared)) continue;
    const holder = leases.holder(name, task.id, share, isShared);
    if (task.state.runs.length === 0) leases.releaseAll(task.id);
    // The wish to be told outlives what was released.
    leases.take(name, task.id, share, released, isShared);
    const what = kind === 'workspace' ? `works in ${directoryOf(task)}` : 'continues the same conversation';
    const text = `Task ${holder ?? ''} ${what}`;
    return { kind, ...(holder === undefined ? {} : { taskId: holder }), text: text.slice(0, 2000) };
  }
  return undefined;
}

/** Takes the leases of a run that is open already: whatever others hold, its agent may be at work. */
export function keepLeases(task: Task, agentSessionId: string | undefined): void {
  for (const { name, share } of wantedBy(task, agentSessionId)) {
    task.ctx.leases.take(
      name,
      task.id,
      share,
      () => undefined,
      () => true,
    );
  }
}
