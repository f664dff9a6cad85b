import { abortable } from '@runtime/contracts';
import { AgentRuntimeError, type RunOutcome } from '@runtime/contracts';
import type { Exit, RuntimeAdapter } from '@runtime/contracts/adapter';
import { currentRun, type RunState, type TaskState } from '@runtime/contracts/fold';
import { holdLeases } from './record-start.ts';
import { runEnded, stopping } from './ending-events.ts';
import { sleep } from '../waiting/clock.ts';
import { handleOf, launchOf, outcomeOfFailedStart, runEnvironment } from './launch-request.ts';
import type { PlaneContext } from '../task/context.ts';
import { dispose, superviseRun } from './supervise-run.ts';
import { outcomeOfRun } from './run-outcome.ts';
import { runStep } from './stop-reason.ts';
import type { TaskActor } from '../task/task-actor.ts';
import type { RuntimeSession } from '@runtime/contracts/adapter';

const unseen = (why: string): Exit => ({ kind: 'unknown', why });
const reapRetryMs = 2_000;
const recoverTries = 10;
const recoverRetryMs = 500;

/**
 * Takes the open run to its end: launches it when this process is to, otherwise finds out what became of it.
 * False when there is nothing more to do here: the plane lets go, or the run's runtime is not configured any more.
 */
export async function driveRun(actor: TaskActor, run: RunState): Promise<boolean> {
  holdLeases(actor, run.resumes?.agentSessionId ?? run.agentSessionId);
  const adapter = actor.ctx.adapterOf(run.target);
  // Its processes can only be found by its adapter. An owner that has it will go on; until then its agent may be at work.
  if (!adapter) return false;
  const mine = actor.launching === run.runId;
  actor.launching = undefined;
  const session = mine ? await launch(actor, run, adapter) : await regain(actor, run, adapter);
  if (actor.ctx.closing.aborted) {
    if (session) await dispose(session, actor.ctx.tuning);
    return false;
  }
  return session ? superviseRun(actor, run.runId, adapter, session) : true;
}

async function launch(actor: TaskActor, run: RunState, adapter: RuntimeAdapter): Promise<RuntimeSession | undefined> {
  const { ctx } = actor;
  const giveUp = new AbortController();
  const watching = watchForStop(actor, giveUp);
  let asked = false;
  try {
    const signal = AbortSignal.any([giveUp.signal, AbortSignal.timeout(ctx.tuning.startTimeoutMs)]);
    const plan = await launchOf(actor, run, adapter);
    await ctx.failpoint('start.before');
    asked = true;
    const limitMs = ctx.tuning.startTimeoutMs + ctx.tuning.overdueMs;
    const session = await inTime(ctx, limitMs, adapter.start(plan, { signal }), (late) => late);
    if (!session) return undefined;
    await ctx.failpoint('start.after');
    await ctx.runtimes.startSucceeded(run.target.runtime, run.runId);
    return session;
  } catch (thrown) {
    if (ctx.closing.aborted) return undefined;
    const error = AgentRuntimeError.from(thrown);
    const step = runStep(actor.state, run, ctx.clock());
    if ('stop' in step) await actor.record((state) => stopping(currentRun(state), step.stop));
    // What the task itself lacks, as its environment's file, is not the runtime's failure.
    else if (asked) await ctx.runtimes.startFailed(run.target.runtime, run.runId, error.code);
    if (!(await reapUntilDone(actor, run, adapter))) return undefined;
    const cancelled = 'stop' in step && step.stop === 'cancel';
    const launched = asked && actor.state.instructions[run.instructionId]?.level !== 'queued';
    const outcome = cancelled ? { status: 'cancelled' as const } : outcomeOfFailedStart(error, launched);
    await actor.record((state) => runEnded(state, run.runId, outcome, unseen('it was not started')));
    return undefined;
  } finally {
    watching.abort();
  }
}

/**
 * What an adapter does, for at most this long; then DEADLINE_EXCEEDED. Undefined when the plane lets go: it waits for nothing,
 * and ends nothing, since its next owner finds the run.
 */
async function inTime<T>(
  { closing }: PlaneContext,
  limitMs: number,
  work: Promise<T>,
  sessionOf: (late: T) => RuntimeSession | undefined,
): Promise<T | undefined> {
  const over = AbortSignal.any([closing, AbortSignal.timeout(limitMs)]);
  try {
    return await abortable(work, over);
  } catch (thrown) {
    if (!over.aborted) throw thrown;
    // It comes too late for us: let go of that one as well, and of the error if there is one.
    void work.then((late) => sessionOf(late)?.[Symbol.asyncDispose]()).catch(() => undefined);
    if (closing.aborted) return undefined;
    throw thrown;
  }
}

/** Ends a start that is no longer wanted, or whose plane lets go: a cancel does not wait for a slow backend. */
function watchForStop(actor: TaskActor, giveUp: AbortController): AbortController {
  const over = new AbortController();
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const seen = actor.bell.rings;
      const run = currentRun(actor.state);
      const step = run ? runStep(actor.state, run, actor.ctx.clock()) : undefined;
      if (step && 'stop' in step) {
        giveUp.abort(new AgentRuntimeError('CANCELLED', `the start was given up (${step.stop})`));
        return;
      }
      const timeoutMs = step?.wakeAt === undefined ? undefined : step.wakeAt - actor.ctx.clock();
      await actor.bell.wait(seen, { timeoutMs, signal: over.signal });
    }
  };
  void watch();
  return over;
}

type Found = Awaited<ReturnType<RuntimeAdapter['recover']>>;

async function regain(actor: TaskActor, run: RunState, adapter: RuntimeAdapter): Promise<RuntimeSession | undefined> {
  const { ctx } = actor;
  const { runId, sourceCursor } = run;
  const unknowable = (thrown: unknown): Found => ({
    status: 'unknowable',
    reason: AgentRuntimeError.from(thrown).rawMessage,
  });
  const recover = async (): Promise<Found | undefined> => {
    const environment = await runEnvironment(ctx, adapter, actor, run).catch((thrown: unknown) => {
      // Without its secrets nothing of it may be read. It is looked at again later, unless it is to end: for that it need not be read.
      if ('stop' in runStep(actor.state, run, ctx.clock())) return unknowable(thrown);
      throw thrown;
    });
    if ('status' in environment) return environment;
    for (let tries = 1; ; tries += 1) {
      await ctx.failpoint('recover.before');
      try {
        const looking = adapter.recover(handleOf(ctx, run), { secrets: environment.secrets });
        return await inTime(ctx, ctx.tuning.overdueMs, looking, (late) =>
          'session' in late ? late.session : undefined,
        );
      } catch (thrown) {
        // It could not look, for instance for want of file descriptors: no reason to end an agent that may be at work.
        if (tries === recoverTries || ctx.closing.aborted) return unknowable(thrown);
        await sleep(recoverRetryMs, ctx.closing);
      }
    }
  };
  const found = await recover();
  if (!found) return undefined;
  await ctx.failpoint('recover.after');
  if (found.status === 'absent' || found.status === 'unknowable') {
    if (!(await reapUntilDone(actor, run, adapter))) return undefined;
    const why = found.status === 'absent' ? 'it had not begun when its owner died' : found.reason.slice(0, 1000);
    await actor.record((state) => runEnded(state, runId, outcomeOfLost(state, run, found, why), unseen(why)));
    return undefined;
  }
  const from = sourceCursor === undefined ? {} : { sourceCursor };
  await actor.record(() => [{ type: 'run.reattached', runId, epoch: ctx.log.epoch, ...from }]);
  return found.session;
}

function outcomeOfLost(state: TaskState, run: RunState, found: Found, message: string): RunOutcome {
  if (run.stopCause === 'cancel') return { status: 'cancelled' };
  if (found.status === 'absent') return { status: 'lost', code: 'unavailable', message };
  // What it was being stopped for stands, and so does what its last turn came to.
  if (run.stopCause !== undefined) return outcomeOfRun(state, run, unseen(message));
  return { status: 'lost', code: 'unknown', message };
}

/** An ended run has no processes: reaping is repeated until that is so. False when the plane lets go before: then the run has not ended. */
export async function reapUntilDone(actor: TaskActor, run: RunState, adapter: RuntimeAdapter): Promise<boolean> {
  const { ctx } = actor;
  for (let tries = 0; !ctx.closing.aborted; tries += 1) {
    try {
      await ctx.failpoint('reap.before');
      await inTime(ctx, ctx.tuning.overdueMs, adapter.reap(handleOf(ctx, run)), () => undefined);
      if (ctx.closing.aborted) return false;
      await ctx.failpoint('reap.after');
      return true;
    } catch (thrown) {
      if (ctx.closing.aborted) return false;
      if (tries === 4) {
        const { message } = AgentRuntimeError.from(thrown);
        process.emitWarning(`processes of run ${run.runId} may be left: ${message}`, 'AgentRuntimeWarning');
        return true;
      }
      await sleep(reapRetryMs, ctx.closing);
    }
  }
  return false;
}
