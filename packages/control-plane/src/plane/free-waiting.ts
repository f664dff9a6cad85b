import { currentRun } from '@runtime/contracts/fold';
import { runtimeKey, sourceOf } from '../runtimes/adapters.ts';
import type { Task } from '../task/task.ts';

/** Lets tasks go on that wait for the breaker of a runtime, now that it lets starts through before `until`, Unix ms. */
export function freeWaiting(tasks: readonly Task[], key: string, until: number): void {
  for (const task of tasks) {
    if (task.hold?.why.kind === 'breaker') task.release();
    const waits = (): boolean => {
      const { state } = task;
      const { next, spec } = state;
      if (!next || currentRun(state) || state.outcome) return false;
      return runtimeKey(sourceOf(spec, next.target.runtime)) === key && next.notBefore === until;
    };
    if (waits()) void goOn(task, waits);
  }
}

async function goOn(task: Task, waits: () => boolean): Promise<void> {
  await task
    .record(({ next }) =>
      next && waits()
        ? [
            {
              type: 'attempt.scheduled',
              ...next,
              notBefore: task.ctx.clock(),
              reason: 'The circuit breaker has closed',
            },
          ]
        : [],
    )
    // The log failed, and the plane closes; or the time comes by itself.
    .catch(() => undefined);
}
