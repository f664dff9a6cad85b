import type { RunState } from '@runtime/contracts/fold';
import { keepLeases } from '../task/hold-leases.ts';
import type { Task } from '../task/task.ts';
import { disposeSession } from './adapter-calls.ts';
import { launchRun } from './launch-run.ts';
import { recoverRun } from './recover-run.ts';
import { superviseRun } from './supervise-run.ts';

/**
 * Takes the open run to its end: launches it when this process recorded its start, recovers it otherwise, and
 * supervises the session.
 * False when nothing more can be done here: the plane closes, or the run's runtime is not configured any more.
 */
export async function driveRun(task: Task, run: RunState): Promise<boolean> {
  keepLeases(task, run.resumes?.agentSessionId ?? run.agentSessionId);
  const adapter = task.ctx.adapters.get(run.target.runtime);
  // Only its adapter can find the run's processes. An owner that has it goes on; until then the agent may be at work.
  if (!adapter) return false;
  const isOurs = task.launching === run.runId;
  task.launching = undefined;
  const found = isOurs ? await launchRun(task, run, adapter) : await recoverRun(task, run, adapter);
  if (task.ctx.closing.aborted) {
    if (found) await disposeSession(found.session, task.ctx.tuning);
    return false;
  }
  return found ? superviseRun(task, run.runId, adapter, found) : true;
}
