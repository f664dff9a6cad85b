import { isOverLimit } from '@runtime/adapter-kit/run';
import { unmetNeeds, type TaskEvent } from '@runtime/contracts';
import type { RuntimeAdapter, RuntimeSession } from '@runtime/contracts/adapter';
import { currentRun, openApprovals, type RunState } from '@runtime/contracts/fold';
import { collectMessage } from '../artifacts/collect-message.ts';
import { closedApprovals } from '../task/closed-approvals.ts';
import type { Task } from '../task/task.ts';
import { atMost, earliest } from '../waiting/clock.ts';
import { disposeSession, reapUntilDone, stopSession } from './adapter-calls.ts';
import { Deliveries, dueApprovals, expireApprovals } from './deliveries.ts';
import { cutEvents, endedEvents, stoppingEvents } from './ending-events.ts';
import { SourceReader } from './read-source.ts';
import { handleOf } from './launch-request.ts';
import { outcomeOfRun } from './run-outcome.ts';
import { stopReason } from './stop-reason.ts';
import { isTimeCause } from './time-limits.ts';

/** How this process came by a session. */
export interface FoundRun {
  readonly session: RuntimeSession;
  /** `started` by this process; otherwise an earlier owner's, of which the process lives, or has gone. */
  readonly how: 'started' | 'live' | 'gone';
  /** False when the values to mask are gone: then no text may be shown. */
  readonly isMasked: boolean;
}

interface Supervision extends FoundRun {
  readonly task: Task;
  readonly runId: string;
  readonly source: SourceReader;
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
  found: FoundRun,
): Promise<boolean> {
  const { session, how, isMasked } = found;
  await recordStarted(task, session);
  const source = new SourceReader(task, session, isMasked);
  const supervision = { ...found, task, runId, source, deliveries: new Deliveries(task, session) };
  // What happened while no owner lived comes before every clock, and before anything is sent again.
  if (how === 'live') await source.catchUp();
  else source.follow();
  if (how === 'gone') void source.drain();
  if (task.ctx.closing.aborted || !(await superviseUntilStop(supervision))) {
    await detach(supervision);
    return false;
  }
  const isReaped = await endRun(supervision, adapter);
  await disposeSession(session, task.ctx.tuning);
  return isReaped;
}

/** Works until the run has a reason to stop or its source ended. False when the plane closes. */
async function superviseUntilStop({ task, how, source, deliveries }: Supervision): Promise<boolean> {
  const { ctx } = task;
  for (;;) {
    const seen = task.bell.rings;
    const run = currentRun(task.state);
    if (run && source.isEnded && run.status === 'active') await recordLimit(task, run);
    if (!run || source.isEnded || run.status === 'stopping') return true;
    // A process that is gone reaches no limit any more.
    const now = how === 'gone' ? 0 : ctx.clock();
    const step = stopReason(task.state, run, now, ctx.skippedSince);
    if ('stop' in step && !isTimeCause(step.stop)) {
      await recordStop(task, now);
      continue;
    }
    if ('stop' in step || isOverdue(task, run, now)) {
      // The source first: it may hold the end of the work, a sign of life, or the answer.
      await source.catchUp();
      if (ctx.closing.aborted) return false;
      await recordStop(task, now);
      await expireApprovals(task, now);
      await recordStall(task, now);
      continue;
    }
    deliveries.work();
    await task.bell.wait(seen, { timeoutMs: nextLookMs(task, run, step.wakeAt, now), signal: ctx.closing });
    if (ctx.closing.aborted) return false;
  }
}

/** A source ends at the limit of what the run may write, whatever became of it as events. */
async function recordLimit(task: Task, run: RunState): Promise<void> {
  if (!(await isOverLimit(handleOf(task.ctx, run)))) return;
  await task.record((state) => stoppingEvents(currentRun(state), 'output_limit'));
}

async function detach({ task, session, source, deliveries }: Supervision): Promise<void> {
  await Promise.all([source.abort(), atMost(task.ctx.tuning.stopGraceMs, deliveries.settled())]);
  await disposeSession(session, task.ctx.tuning);
}

/**
 * Stops the agent, reads what its source still holds, reaps the run and records its end. False when the plane closes
 * first.
 */
async function endRun(
  { task, runId, how, session, source, deliveries }: Supervision,
  adapter: RuntimeAdapter,
): Promise<boolean> {
  const { ctx } = task;
  const { stopGraceMs } = ctx.tuning;
  await task.record((state) => closedApprovals(state, { runId }));
  // What comes after the limit is on the disk; in the log it would be more than all that was allowed.
  const isFlood = currentRun(task.state)?.stopCause === 'output_limit';
  if (isFlood) await source.abort();
  await ctx.failpoint('stop.before');
  await task.confirmOwner();
  const exit = await stopSession(session, ctx.tuning);
  await ctx.failpoint('stop.after');
  if (!isFlood) await source.drain();
  if (source.isCut) await task.record((state) => cutEvents(state, runId));
  await atMost(stopGraceMs, deliveries.settled());
  const run = currentRun(task.state);
  if (!run) return true;
  if (!(await reapUntilDone(task, run, adapter))) return false;
  using message = await collectMessage(task, run, { heard: source.lastMessage, inLog: how !== 'started' });
  await task.record((state) => {
    const last = currentRun(state);
    const outcome = last && outcomeOfRun(state, last, exit, source.error, ctx.skippedSince);
    return outcome ? [...message.events, ...endedEvents(state, runId, outcome, exit)] : [];
  });
  return true;
}

/** The time after which a turn without a report counts as stalled; undefined while that is no question. */
function stallsAt({ state, ctx }: Task, run: RunState): number | undefined {
  if (run.stalled || !run.turn || openApprovals(state).length > 0) return undefined;
  // A pause that the backend announced is no silence.
  const since = Math.max(run.activityAt, run.retry?.until ?? 0);
  return since + ctx.tuning.stallAfterMs + ctx.skippedSince(since);
}

function isOverdue(task: Task, run: RunState, now: number): boolean {
  const stall = stallsAt(task, run);
  return (stall !== undefined && now >= stall) || dueApprovals(task.state, now).length > 0;
}

function nextLookMs(task: Task, run: RunState, wakeAt: number | undefined, now: number): number | undefined {
  const next = earliest(wakeAt, stallsAt(task, run));
  return next === undefined ? undefined : Math.max(0, next - now);
}

/** Decided under the task's lock, so that an instruction which came in meanwhile keeps the run open. */
async function recordStop(task: Task, now: number): Promise<void> {
  await task.record((state) => {
    const run = currentRun(state);
    const step = run && stopReason(state, run, now, task.ctx.skippedSince);
    return step && 'stop' in step ? stoppingEvents(run, step.stop) : [];
  });
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

async function recordStall(task: Task, now: number): Promise<void> {
  const run = currentRun(task.state);
  const stall = run && run.status === 'active' ? stallsAt(task, run) : undefined;
  if (!run || stall === undefined || now < stall) return;
  const waitingOn =
    Object.keys(run.tools).length > 0 ? 'tool' : run.capabilities?.events === 'structured' ? 'model' : 'unknown';
  const silentMs = now - run.activityAt;
  await task.record(() => [{ type: 'run.stalled', runId: run.runId, signal: 'activity', waitingOn, silentMs }]);
}
