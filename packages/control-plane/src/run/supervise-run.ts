import { abortable } from '@runtime/contracts';
import { unmetNeeds } from '@runtime/contracts';
import type { RuntimeAdapter, RuntimeSession, SourceBatch } from '@runtime/contracts/adapter';
import { currentRun, openApprovals, type RunState } from '@runtime/contracts/fold';
import { planeStream, type NewEvent } from '@runtime/contracts/log';
import { AgentRuntimeError } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { atMost } from '../waiting/clock.ts';
import type { PlaneTuning } from '../task/context.ts';
import { expireApprovals, Deliveries } from './deliveries.ts';
import { reapUntilDone } from './launch-run.ts';
import { closedApprovals, runEnded, stopping } from './ending-events.ts';
import { pump } from './pump.ts';
import { outcomeOfRun } from './run-outcome.ts';
import { runStep } from './stop-reason.ts';
import { stamp } from './accept-events.ts';
import type { TaskActor } from '../task/task-actor.ts';

const drainMs = 10_000;

/** Follows a session to the end of its run: reads it, says what is to be said, and stops it when its time has come. */
export async function superviseRun(
  actor: TaskActor,
  runId: string,
  adapter: RuntimeAdapter,
  session: RuntimeSession,
): Promise<boolean> {
  const { ctx } = actor;
  await recordStarted(actor, session);
  const letGo = new AbortController();
  const source = readSource(actor, session, letGo.signal);
  const deliveries = new Deliveries(actor, session);
  for (;;) {
    const seen = actor.bell.rings;
    const run = currentRun(actor.state);
    if (!run || source.ended || run.status === 'stopping') break;
    const now = ctx.clock();
    const step = runStep(actor.state, run, now);
    if ('stop' in step) {
      await actor.record((state) => stopNow(state, ctx.clock()));
      continue;
    }
    if (await expireApprovals(actor, now)) continue;
    await recordStall(actor, run, now);
    deliveries.work();
    await actor.bell.wait(seen, {
      timeoutMs: nextLook(run, step.wakeAt, now, ctx.tuning.stallAfterMs),
      signal: ctx.closing,
    });
    if (ctx.closing.aborted) {
      letGo.abort();
      await atMost(ctx.tuning.stopGraceMs, Promise.all([source.done, deliveries.settled()]));
      await dispose(session, ctx.tuning);
      return false;
    }
  }
  await actor.record((state) => closedApprovals(state, runId));
  await ctx.failpoint('stop.before');
  const exit = await stopSession(session, ctx.tuning);
  await ctx.failpoint('stop.after');
  await drained(source.done, letGo, ctx.tuning.stopGraceMs);
  await atMost(ctx.tuning.stopGraceMs, deliveries.settled());
  const run = currentRun(actor.state);
  if (!run) return true;
  const reaped = await reapUntilDone(actor, run, adapter);
  if (reaped) {
    await actor.record((state) => {
      const last = currentRun(state);
      return last ? runEnded(state, runId, outcomeOfRun(state, last, exit, source.error), exit) : [];
    });
  }
  await dispose(session, ctx.tuning);
  return reaped;
}

const nextLook = (run: RunState, wakeAt: number | undefined, now: number, stallAfterMs: number): number | undefined => {
  const stall = run.turn && !run.stalled ? run.activityAt + stallAfterMs : undefined;
  const times = [wakeAt, stall].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - now);
};

/** Decided under the lock, so that an instruction which came in between keeps the run open. */
function stopNow(state: TaskActor['state'], now: number): NewEvent[] {
  const run = currentRun(state);
  const step = run && runStep(state, run, now);
  return step && 'stop' in step ? stopping(run, step.stop) : [];
}

async function recordStarted(actor: TaskActor, session: RuntimeSession): Promise<void> {
  await actor.record((state) => {
    const run = currentRun(state);
    if (!run || run.capabilities) return [];
    const { capabilities, version, agentSessionId, attach } = session;
    const known = { ...(agentSessionId === undefined ? {} : { agentSessionId }), ...(attach ? { attach } : {}) };
    const events: NewEvent[] = [{ type: 'run.started', runId: run.runId, capabilities, version, ...known }];
    if (run.resumes)
      events.push({
        type: 'run.resumed',
        runId: run.runId,
        agentSessionId: agentSessionId ?? run.resumes.agentSessionId,
      });
    const unmet = unmetNeeds(state.spec.needs, capabilities);
    if (unmet.length > 0) events.push({ type: 'run.stopping', runId: run.runId, cause: 'unmet_needs' });
    return run.status === 'stopping' ? events.filter((event) => event.type !== 'run.stopping') : events;
  });
}

async function recordStall(actor: TaskActor, run: RunState, now: number): Promise<void> {
  const silentMs = now - run.activityAt;
  if (run.stalled || !run.turn || silentMs < actor.ctx.tuning.stallAfterMs || openApprovals(actor.state).length > 0)
    return;
  const waitingOn =
    Object.keys(run.tools).length > 0 ? 'tool' : run.capabilities?.events === 'structured' ? 'model' : 'unknown';
  await actor.record(() => [{ type: 'run.stalled', runId: run.runId, signal: 'activity', waitingOn, silentMs }]);
}

interface Source {
  readonly done: Promise<void>;
  ended: boolean;
  error: AgentRuntimeError | undefined;
}

function readSource(actor: TaskActor, session: RuntimeSession, signal: AbortSignal): Source {
  const { ctx } = actor;
  const runId = currentRun(actor.state)?.runId ?? '';
  const after = currentRun(actor.state)?.sourceCursor;
  const append = async (batch: SourceBatch): Promise<void> => {
    let late = false;
    await actor.record((state) => {
      const run = currentRun(state);
      late = run?.runId !== runId;
      return run && !late ? stamp(state, run, batch.events, batch.cursor, ctx.clock()) : [];
    });
    if (late) await recordFenced(actor, runId, batch);
  };
  const source: Source = { ended: false, error: undefined, done: Promise.resolve() };
  // A source that throws as it is asked for is one that breaks off.
  const read = async (): Promise<void> =>
    pump(session.events({ signal, ...(after === undefined ? {} : { after }) }), {
      append,
      windowMs: ctx.tuning.deltaWindowMs,
      clock: ctx.clock,
    });
  const done = read()
    .catch((thrown: unknown) => {
      if (!ctx.closing.aborted) source.error = AgentRuntimeError.from(thrown);
    })
    .then(() => {
      source.ended = true;
      actor.bell.ring();
    });
  return Object.assign(source, { done });
}

/** What a run says after its end: kept, and without effect. */
async function recordFenced({ ctx, id }: TaskActor, runId: string, batch: SourceBatch): Promise<void> {
  const what = batch.events
    .map(({ type }) => type)
    .join(' ')
    .slice(0, 100);
  await ctx.log.append(planeStream, [{ type: 'run.fenced', taskId: id, runId, what, reason: 'the run had ended' }]);
}

async function stopSession(session: RuntimeSession, { stopGraceMs, overdueMs }: PlaneTuning): Promise<Exit> {
  try {
    return await abortable(session.stop({ graceMs: stopGraceMs }), AbortSignal.timeout(stopGraceMs + overdueMs));
  } catch (thrown) {
    // Reaping follows, and says whether something is left; the exit was not seen.
    return { kind: 'unknown', why: AgentRuntimeError.from(thrown).rawMessage.slice(0, 1000) };
  }
}

/** The source ends soon after its process; one that does not is let go, and not waited for when it goes on all the same. */
async function drained(done: Promise<void>, letGo: AbortController, graceMs: number): Promise<void> {
  const timer = setTimeout(() => letGo.abort(), drainMs);
  await atMost(drainMs + graceMs, done);
  clearTimeout(timer);
}

/** What is let go cannot hold us: its run is over, or the next owner's. */
export async function dispose(session: RuntimeSession, { overdueMs }: PlaneTuning): Promise<void> {
  try {
    await abortable((async () => session[Symbol.asyncDispose]())(), AbortSignal.timeout(overdueMs));
  } catch (thrown) {
    const { message } = AgentRuntimeError.from(thrown);
    process.emitWarning(`a session could not be let go: ${message}`, 'AgentRuntimeWarning');
  }
}
