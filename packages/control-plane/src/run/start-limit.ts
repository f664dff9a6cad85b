import { AgentRuntimeError } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { RunState, TaskState } from '@runtime/contracts/fold';
import { runtimeKey, sourceOf } from '../runtimes/adapters.ts';
import { breakerOf } from '../runtimes/breaker.ts';
import type { Task } from '../task/task.ts';

/** The longest that a start is given, as a multiple of the first time. */
const mostPatience = 8;

/**
 * How many times longer than the first one this start may take: twice as long after each start on the runtime that
 * failed, since what failed may be healthy and slow.
 */
export function patienceFor({ state, ctx }: Task, run: RunState): number {
  const key = runtimeKey(sourceOf(state.spec, run.target.runtime));
  const failures = Math.max(failedStarts(state, run), breakerOf(ctx.runtimes.breakers, key)?.failures ?? 0);
  return Math.min(mostPatience, 2 ** Math.min(30, failures));
}

const failedStarts = ({ runs }: TaskState, { runId, target }: RunState): number =>
  runs.filter((run) => run.runId !== runId && run.target.runtime === target.runtime && run.turns === 0).length;

/** Aborts when a start has taken longer than the adapter's own limit and the plane's allow. Abort `over` to end it. */
export function startLimit({ ctx }: Task, adapter: RuntimeAdapter, patience: number, over: AbortSignal): AbortSignal {
  const ms = Math.min(maxLimitMs, ((adapter.startupMs ?? 0) + ctx.tuning.startTimeoutMs) * patience);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(tooSlow(ms)), ms);
  over.addEventListener('abort', () => clearTimeout(timer), { once: true });
  return limit.signal;
}

/** What a timer takes. */
const maxLimitMs = 2 ** 31 - 1;

function tooSlow(ms: number): AgentRuntimeError {
  return new AgentRuntimeError('DEADLINE_EXCEEDED', `The start took longer than ${ms} ms`, {
    hint: 'a slow backend needs a longer limit: startTimeoutMs of the plane, startupMs or readyTimeoutMs of the runtime',
  });
}
