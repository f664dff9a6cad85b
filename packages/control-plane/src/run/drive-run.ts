import { AgentRuntimeError } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { currentRun, type RunState } from '@runtime/contracts/fold';
import { sourceOf } from '../runtimes/adapters.ts';
import { keepLeases } from '../task/hold-leases.ts';
import type { Task } from '../task/task.ts';
import { earliest } from '../waiting/clock.ts';
import { disposeSession } from './adapter-calls.ts';
import { stoppingEvents } from './ending-events.ts';
import { launchRun } from './launch-run.ts';
import { recoverRun } from './recover-run.ts';
import { standIn } from './stand-in.ts';
import { overdueStop } from './stop-reason.ts';
import { superviseRun } from './supervise-run.ts';
import { timeLimits, type TimeLimits } from './time-limits.ts';

const lookAgainMs = 30_000;

/**
 * Takes the open run to its end: launches it when this process recorded its start, recovers it otherwise, and
 * supervises the session.
 * False when nothing more can be done here: the plane closes, or no adapter for the run can be had.
 */
export async function driveRun(task: Task, run: RunState): Promise<boolean> {
  keepLeases(task, run.resumes?.agentSessionId ?? run.agentSessionId);
  const isOurs = task.launching === run.runId;
  task.launching = undefined;
  const source = sourceOf(task.state.spec, run.target.runtime);
  const adapter = await task.ctx.adapters.find(source).catch((thrown: unknown) => AgentRuntimeError.from(thrown));
  if (AgentRuntimeError.isInstance(adapter)) return withoutAdapter(task, run, adapter, isOurs);
  task.unread = undefined;
  return driveWith(task, run, adapter, isOurs);
}

/**
 * Only its adapter can read a run. An owner that has it goes on; until then the agent may be at work and is left alone.
 * To end the run because a person wants it, or because its time is over, no adapter is needed.
 */
async function withoutAdapter(task: Task, run: RunState, why: AgentRuntimeError, isOurs: boolean): Promise<boolean> {
  if (isOurs || task.state.cancel) return driveWith(task, run, standIn(run.target.runtime, why), isOurs);
  const overdue = overdueStop(task.state, run, task.ctx.clock(), task.ctx.skippedSince);
  if (overdue) {
    const { runs } = await task.record((state) => stoppingEvents(currentRun(state), overdue));
    return driveWith(task, runs.at(-1) ?? run, standIn(run.target.runtime, why), isOurs);
  }
  if (!task.unread) {
    const text = `run ${run.runId} of task ${task.id} is not read: ${why.rawMessage}`;
    process.emitWarning(`${text}. Its agent may be at work; cancel the task to end it.`, 'AgentRuntimeWarning');
  }
  task.unread = why;
  // The failure may have been of the moment, as for want of file descriptors.
  task.wakeAt(earliest(task.ctx.clock() + lookAgainMs, limitsOf(task, run).deadline));
  return false;
}

const limitsOf = ({ state, ctx }: Task, run: RunState): TimeLimits =>
  timeLimits(state, run, ctx.clock(), ctx.skippedSince);

async function driveWith(task: Task, run: RunState, adapter: RuntimeAdapter, isOurs: boolean): Promise<boolean> {
  const found = isOurs ? await launchRun(task, run, adapter) : await recoverRun(task, run, adapter);
  if (task.ctx.closing.aborted) {
    if (found) await disposeSession(found.session, task.ctx.tuning);
    return false;
  }
  return found ? superviseRun(task, run.runId, adapter, found) : true;
}
