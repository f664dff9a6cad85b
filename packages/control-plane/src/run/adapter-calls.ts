import { abortable, AgentRuntimeError } from '@runtime/contracts';
import type { Exit, RuntimeAdapter, RuntimeSession } from '@runtime/contracts/adapter';
import type { RunState } from '@runtime/contracts/fold';
import type { PlaneContext, PlaneTuning } from '../task/context.ts';
import type { Task } from '../task/task.ts';
import { sleep } from '../waiting/clock.ts';
import { unobservedExit } from './ending-events.ts';
import { handleOf } from './launch-request.ts';

const reapTries = 5;
const reapRetryMs = 2_000;

/**
 * Waits for an adapter call for at most `limit` ms, then throws DEADLINE_EXCEEDED, or until that signal aborts. Undefined when the plane closes:
 * it waits for nothing then and ends nothing, because its next owner finds the run.
 * A session that arrives too late is disposed, and a late error is ignored.
 */
export async function inTime<T>(
  { closing }: PlaneContext,
  limit: number | AbortSignal,
  call: Promise<T>,
  sessionOf: (late: T) => RuntimeSession | undefined,
): Promise<T | undefined> {
  const over = AbortSignal.any([closing, typeof limit === 'number' ? AbortSignal.timeout(limit) : limit]);
  try {
    return await abortable(call, over);
  } catch (thrown) {
    if (!over.aborted) throw thrown;
    void call.then((late) => sessionOf(late)?.[Symbol.asyncDispose]()).catch(() => undefined);
    if (closing.aborted) return undefined;
    throw thrown;
  }
}

/** Aborts `ms` after another signal did: what that one asked for may take so long. */
export function abortedLater(signal: AbortSignal, ms: number): AbortSignal {
  const later = new AbortController();
  const wait = (): void => {
    setTimeout(() => later.abort(signal.reason), ms).unref();
  };
  if (signal.aborted) wait();
  else signal.addEventListener('abort', wait, { once: true });
  return later.signal;
}

/**
 * Stops the agent. An adapter that does not answer in time is not waited for: reaping follows, and finds what is left.
 */
export async function stopSession(session: RuntimeSession, { stopGraceMs, overdueMs }: PlaneTuning): Promise<Exit> {
  try {
    return await abortable(session.stop({ graceMs: stopGraceMs }), AbortSignal.timeout(stopGraceMs + overdueMs));
  } catch (thrown) {
    return unobservedExit(AgentRuntimeError.from(thrown).rawMessage);
  }
}

/** Disposes a session. One that fails or does not return is only warned about: its run is over, or the next owner's. */
export async function disposeSession(session: RuntimeSession, { overdueMs }: PlaneTuning): Promise<void> {
  try {
    await abortable((async () => session[Symbol.asyncDispose]())(), AbortSignal.timeout(overdueMs));
  } catch (thrown) {
    const { message } = AgentRuntimeError.from(thrown);
    process.emitWarning(`a session could not be disposed: ${message}`, 'AgentRuntimeWarning');
  }
}

/** Reaps a run until none of its processes is left. False when the plane closes first: then the run has not ended. */
export async function reapUntilDone(task: Task, run: RunState, adapter: RuntimeAdapter): Promise<boolean> {
  const { ctx } = task;
  await task.confirmOwner();
  for (let tries = 1; !ctx.closing.aborted; tries += 1) {
    try {
      await ctx.failpoint('reap.before');
      await inTime(ctx, ctx.tuning.overdueMs, adapter.reap(handleOf(ctx, run)), () => undefined);
      if (ctx.closing.aborted) return false;
      await ctx.failpoint('reap.after');
      return true;
    } catch (thrown) {
      if (ctx.closing.aborted) return false;
      if (tries === reapTries) {
        const { message } = AgentRuntimeError.from(thrown);
        process.emitWarning(`processes of run ${run.runId} may be left: ${message}`, 'AgentRuntimeWarning');
        return true;
      }
      await sleep(reapRetryMs, ctx.closing);
    }
  }
  return false;
}
