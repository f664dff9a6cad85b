import { AgentRuntimeError } from '@runtime/contracts';
import type { RunState } from '@runtime/contracts/fold';
import { sourceOf } from '../runtimes/adapters.ts';
import { holdLeases } from '../task/hold-leases.ts';
import type { Task } from '../task/task.ts';
import { disposeSession } from './adapter-calls.ts';
import { launchRun } from './launch-run.ts';
import { recoverRun } from './recover-run.ts';
import { standIn } from './stand-in.ts';
import { stopReason } from './stop-reason.ts';
import { superviseRun } from './supervise-run.ts';

/**
 * Takes the open run to its end: launches it when this process recorded its start, recovers it otherwise, and
 * supervises the session.
 * False when nothing more can be done here: the plane closes, or no adapter for the run can be had.
 */
export async function driveRun(task: Task, run: RunState): Promise<boolean> {
  holdLeases(task, run.resumes?.agentSessionId ?? run.agentSessionId);
  const isOurs = task.launching === run.runId;
  task.launching = undefined;
  const source = sourceOf(task.state.spec, run.target.runtime);
  const found = await task.ctx.adapters.find(source).catch((thrown: unknown) => AgentRuntimeError.from(thrown));
  if (AgentRuntimeError.isInstance(found) && !isOurs) {
    // Only its adapter can read the run. An owner that has it goes on; until then the agent may be at work. When the run
    // is to end, no adapter is needed for that.
    const step = stopReason(task.state, run, task.ctx.clock());
    if (!('stop' in step)) {
      if (!task.unread) warnOfUnread(task, run, found);
      task.unread = found;
      task.wakeAt(step.wakeAt);
      return false;
    }
  }
  task.unread = undefined;
  const adapter = AgentRuntimeError.isInstance(found) ? standIn(source.id, found) : found;
  const session = isOurs ? await launchRun(task, run, adapter) : await recoverRun(task, run, adapter);
  if (task.ctx.closing.aborted) {
    if (session) await disposeSession(session, task.ctx.tuning);
    return false;
  }
  return session ? superviseRun(task, run.runId, adapter, session) : true;
}

function warnOfUnread(task: Task, run: RunState, why: AgentRuntimeError): void {
  process.emitWarning(
    `run ${run.runId} of task ${task.id} is not read: ${why.rawMessage}. Its agent may be at work; cancel the task to end it.`,
    'AgentRuntimeWarning',
  );
}
