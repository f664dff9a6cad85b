import { AgentRuntimeError, type RunOutcome, type StopCause } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { currentRun, type RunState } from '@runtime/contracts/fold';
import { runtimeKey, sourceOf } from '../runtimes/adapters.ts';
import { keepSecrets } from '../task/run-secrets.ts';
import type { Task } from '../task/task.ts';
import { Watch, type Look } from '../task/watch.ts';
import { abortedLater, inTime, reapUntilDone } from './adapter-calls.ts';
import { endedEvents, stoppingEvents, unobservedExit } from './ending-events.ts';
import { launchRequest, outcomeOfFailedStart } from './launch-request.ts';
import { patienceFor, startLimit } from './start-limit.ts';
import { stopReason } from './stop-reason.ts';
import type { FoundRun } from './supervise-run.ts';
import { isTimeCause, timedOut } from './time-limits.ts';

/**
 * Starts the run's process through its adapter. Undefined when it could not be started, with the run's end recorded,
 * or when the plane closes.
 */
export async function launchRun(task: Task, run: RunState, adapter: RuntimeAdapter): Promise<FoundRun | undefined> {
  const { ctx } = task;
  using watch = new Watch(task, whyGivenUp);
  let isAsked = false;
  try {
    const patience = patienceFor(task, run);
    const launch = { ...(await launchRequest(task, run, adapter)), patience };
    // Before anything begins: whoever recovers the run reads nothing else.
    await keepSecrets(ctx, run.runId, launch.secrets);
    await ctx.failpoint('start.before');
    // What the plane itself needs until here, on a slow disk for instance, is not the backend's time.
    const signal = AbortSignal.any([watch.signal, startLimit(task, adapter, patience, watch.over)]);
    isAsked = true;
    const session = await inTime(
      ctx,
      abortedLater(signal, ctx.tuning.overdueMs),
      adapter.start(launch, { signal }),
      (late) => late,
    );
    if (!session) return undefined;
    await ctx.failpoint('start.after');
    await ctx.runtimes.startSucceeded(keyOf(task, run), run.runId);
    return { session, how: 'started', isMasked: true };
  } catch (thrown) {
    if (!ctx.closing.aborted) await recordFailedStart(task, run, adapter, { thrown, isAsked });
    return undefined;
  }
}

const keyOf = ({ state }: Task, run: RunState): string => runtimeKey(sourceOf(state.spec, run.target.runtime));

interface FailedStart {
  readonly thrown: unknown;
  /** The adapter was called: before that, what failed is the task's own, such as its environment file. */
  readonly isAsked: boolean;
}

async function recordFailedStart(
  task: Task,
  run: RunState,
  adapter: RuntimeAdapter,
  { thrown, isAsked }: FailedStart,
): Promise<void> {
  const { ctx } = task;
  await task.confirmOwner();
  const error = AgentRuntimeError.from(thrown);
  const step = stopReason(task.state, run, ctx.clock(), ctx.skippedSince);
  if ('stop' in step) await task.record((state) => stoppingEvents(currentRun(state), step.stop));
  if ('stop' in step || !isAsked) ctx.runtimes.startGivenUp(keyOf(task, run));
  else await ctx.runtimes.startFailed(keyOf(task, run), run.runId, error.code);
  if (!(await reapUntilDone(task, run, adapter))) return;
  const launched = isAsked && task.state.instructions[run.instructionId]?.level !== 'queued';
  const outcome = outcomeOfStop('stop' in step ? step.stop : undefined) ?? outcomeOfFailedStart(error, launched);
  await task.record((state) => endedEvents(state, run.runId, outcome, unobservedExit('The run was not started')));
}

/** The outcome of a run whose start was given up; undefined when it failed by itself. */
function outcomeOfStop(cause: StopCause | undefined): RunOutcome | undefined {
  if (cause === 'cancel') return { status: 'cancelled' };
  return isTimeCause(cause) ? timedOut(cause) : undefined;
}

/** Whether a start is no longer wanted: a cancel does not wait for a slow backend. */
function whyGivenUp({ state, ctx }: Task): Look<AgentRuntimeError> {
  const run = currentRun(state);
  const step = run && stopReason(state, run, ctx.clock(), ctx.skippedSince);
  if (!step || !('stop' in step)) return { wakeAt: step?.wakeAt };
  return { found: new AgentRuntimeError('CANCELLED', `the start was given up (${step.stop})`) };
}
