import { unmetNeeds, type TaskEvent } from '@runtime/contracts';
import type { RuntimeAdapter, RuntimeSession } from '@runtime/contracts/adapter';
import { currentRun, openApprovals, type RunState, type TaskState } from '@runtime/contracts/fold';
import { closedApprovals } from '../task/closed-approvals.ts';
import type { Task } from '../task/task.ts';
import { atMost, earliest } from '../waiting/clock.ts';
import { disposeSession, reapUntilDone, stopSession } from './adapter-calls.ts';
import { Deliveries, expireApprovals } from './deliveries.ts';
import { endedEvents, stoppingEvents } from './ending-events.ts';
import { readSource, type ReadingSource } from './read-source.ts';
import { outcomeOfRun } from './run-outcome.ts';
import { stopReason } from './stop-reason.ts';

const drainMs = 10_000;

interface Supervision {
  readonly task: Task;
  readonly runId: string;
  readonly session: RuntimeSession;
  readonly source: ReadingSource;
  readonly deliveries: Deliveries;
}

/**
 * Follows a session to the end of its run: reads its source, delivers instructions and answers, and stops it when there
 * is a reason to.
 * False when the plane closes: the session is disposed, and the agent goes on.
 */
export async function superviseRun(
  task: Task,
  runId: string,
  adapter: RuntimeAdapter,
  session: RuntimeSession,
): Promise<boolean> {
  await recordStarted(task, session);
  const source = readSource(task, session);
  const supervision = { task, runId, session, source, deliveries: new Deliveries(task, session) };
  if (!(await superviseUntilStop(supervision))) {
    await detach(supervision);
    return false;
  }
  const isReaped = await endRun(supervision, adapter);
  await disposeSession(session, task.ctx.tuning);
  return isReaped;
}

/** Works until the run has a reason to stop or its source ended. False when the plane closes. */
async function superviseUntilStop({ task, source, deliveries }: Supervision): Promise<boolean> {
  const { ctx } = task;
  for (;;) {
    const seen = task.bell.rings;
    const run = currentRun(task.state);
    if (!run || source.isEnded || run.status === 'stopping') return true;
    const now = ctx.clock();
    const step = stopReason(task.state, run, now);
    if ('stop' in step) {
      await task.record((state) => stopNow(state, ctx.clock()));
      continue;
    }
    if (await expireApprovals(task, now)) continue;
    await recordStall(task, run, now);
    deliveries.work();
    const timeoutMs = nextLookMs(run, step.wakeAt, now, ctx.tuning.stallAfterMs);
    await task.bell.wait(seen, { timeoutMs, signal: ctx.closing });
    if (ctx.closing.aborted) return false;
  }
}

async function detach({ task, session, source, deliveries }: Supervision): Promise<void> {
  source.abort();
  await atMost(task.ctx.tuning.stopGraceMs, Promise.all([source.done, deliveries.settled()]));
  await disposeSession(session, task.ctx.tuning);
}

/**
 * Stops the agent, reads what its source still holds, reaps the run and records its end. False when the plane closes
 * first.
 */
async function endRun(
  { task, runId, session, source, deliveries }: Supervision,
  adapter: RuntimeAdapter,
): Promise<boolean> {
  const { ctx } = task;
  const { stopGraceMs } = ctx.tuning;
  await task.record((state) => closedApprovals(state, { runId }));
  await ctx.failpoint('stop.before');
  const exit = await stopSession(session, ctx.tuning);
  await ctx.failpoint('stop.after');
  await drain(source, stopGraceMs);
  await atMost(stopGraceMs, deliveries.settled());
  const run = currentRun(task.state);
  if (!run) return true;
  if (!(await reapUntilDone(task, run, adapter))) return false;
  await task.record((state) => {
    const last = currentRun(state);
    return last ? endedEvents(state, runId, outcomeOfRun(state, last, exit, source.error), exit) : [];
  });
  return true;
}

/**
 * A source ends soon after its process. One that does not is aborted, and not waited for when it goes on regardless.
 */
async function drain(source: ReadingSource, graceMs: number): Promise<void> {
  const timer = setTimeout(() => source.abort(), drainMs);
  await atMost(drainMs + graceMs, source.done);
  clearTimeout(timer);
}

function nextLookMs(run: RunState, wakeAt: number | undefined, now: number, stallAfterMs: number): number | undefined {
  const stall = run.turn && !run.stalled ? run.activityAt + stallAfterMs : undefined;
  const next = earliest(wakeAt, stall);
  return next === undefined ? undefined : Math.max(0, next - now);
}

/** Decided again under the task's lock, so that an instruction which came in meanwhile keeps the run open. */
function stopNow(state: TaskState, now: number): TaskEvent[] {
  const run = currentRun(state);
  const step = run && stopReason(state, run, now);
  return step && 'stop' in step ? stoppingEvents(run, step.stop) : [];
}

async function recordStarted(task: Task, session: RuntimeSession): Promise<void> {
  await task.record((state) => {
    const run = currentRun(state);
    if (!run || run.capabilities) return [];
    const { runId } = run;
    const { capabilities, version, agentSessionId, attach } = session;
    const known = { ...(agentSessionId === undefined ? {} : { agentSessionId }), ...(attach ? { attach } : {}) };
    const events: TaskEvent[] = [{ type: 'run.started', runId, capabilities, version, ...known }];
    if (run.resumes) {
      const resumed = agentSessionId ?? run.resumes.agentSessionId;
      events.push({ type: 'run.resumed', runId, agentSessionId: resumed });
    }
    const unmet = unmetNeeds(state.spec.needs, capabilities);
    if (unmet.length > 0) events.push(...stoppingEvents(run, 'unmet_needs'));
    return events;
  });
}

async function recordStall(task: Task, run: RunState, now: number): Promise<void> {
  const silentMs = now - run.activityAt;
  if (run.stalled || !run.turn || silentMs < task.ctx.tuning.stallAfterMs) return;
  if (openApprovals(task.state).length > 0) return;
  const waitingOn =
    Object.keys(run.tools).length > 0 ? 'tool' : run.capabilities?.events === 'structured' ? 'model' : 'unknown';
  await task.record(() => [{ type: 'run.stalled', runId: run.runId, signal: 'activity', waitingOn, silentMs }]);
}
