import { isDeepStrictEqual } from 'node:util';
import { AgentRuntimeError, type RunOutcome } from '@runtime/contracts';
import type { Recovery, RuntimeAdapter } from '@runtime/contracts/adapter';
import { currentRun, type RunState, type TaskState } from '@runtime/contracts/fold';
import { collectMessage } from '../artifacts/collect-message.ts';
import { readSecrets } from '../task/run-secrets.ts';
import type { Task } from '../task/task.ts';
import { sleep } from '../waiting/clock.ts';
import { inTime, reapUntilDone } from './adapter-calls.ts';
import { endedEvents, stoppingEvents, unobservedExit } from './ending-events.ts';
import { handleOf } from './launch-request.ts';
import { outcomeOfRun } from './run-outcome.ts';
import { overdueStop } from './stop-reason.ts';
import type { FoundRun } from './supervise-run.ts';

const recoverTries = 10;
const recoverRetryMs = 500;

/**
 * Finds out what became of a run that an earlier owner started, and takes over its session.
 * Undefined when there is none, with the run's end recorded, or when the plane closes.
 */
export async function recoverRun(task: Task, run: RunState, adapter: RuntimeAdapter): Promise<FoundRun | undefined> {
  const { ctx } = task;
  const { runId, sourceCursor } = run;
  const secrets = await readSecrets(ctx, runId);
  const found = await lookForRun(task, run, adapter, secrets);
  if (!found) return undefined;
  await ctx.failpoint('recover.after');
  if (found.status === 'absent' || found.status === 'unknowable') {
    const overdue = found.status === 'unknowable' && overdueStop(task.state, run, ctx.clock(), ctx.skippedSince);
    if (overdue) await task.record((state) => stoppingEvents(currentRun(state), overdue));
    if (!(await reapUntilDone(task, run, adapter))) return undefined;
    const why = found.status === 'absent' ? 'The run had not begun when its owner died' : found.reason.slice(0, 1000);
    using message = await collectMessage(task, run, { inLog: true });
    await task.record((state) => {
      const outcome = outcomeOfLost(state, currentRun(state) ?? run, found, why);
      return [...message.events, ...endedEvents(state, runId, outcome, unobservedExit(why))];
    });
    return undefined;
  }
  const { attach } = found.session;
  const changed = {
    ...(sourceCursor === undefined ? {} : { sourceCursor }),
    // A run that is not known to have started gets it with `run.started`.
    ...(attach && run.attach && !isDeepStrictEqual(attach, run.attach) ? { attach } : {}),
  };
  await task.record(() => [{ type: 'run.reattached', runId, epoch: ctx.log.epoch, ...changed }]);
  return { session: found.session, how: found.status === 'live' ? 'live' : 'gone', isMasked: secrets !== undefined };
}

async function lookForRun(
  { ctx }: Task,
  run: RunState,
  adapter: RuntimeAdapter,
  secrets: readonly string[] | undefined,
): Promise<Recovery | undefined> {
  for (let tries = 1; ; tries += 1) {
    await ctx.failpoint('recover.before');
    try {
      const looking = adapter.recover(handleOf(ctx, run), { secrets: secrets ?? [] });
      return await inTime(ctx, ctx.tuning.overdueMs, looking, (late) => ('session' in late ? late.session : undefined));
    } catch (thrown) {
      // The adapter could not look, for want of file descriptors for instance: no reason to end an agent that may be at
      // work.
      if (tries === recoverTries || ctx.closing.aborted) return unknowable(thrown);
      await sleep(recoverRetryMs, ctx.closing);
    }
  }
}

const unknowable = (thrown: unknown): Recovery => ({
  status: 'unknowable',
  reason: AgentRuntimeError.from(thrown).rawMessage,
});

function outcomeOfLost(state: TaskState, run: RunState, found: Recovery, message: string): RunOutcome {
  if (run.stopCause === 'cancel') return { status: 'cancelled' };
  if (found.status === 'absent') return { status: 'lost', code: 'unavailable', message };
  // The cause it was being stopped for stands, and so does the outcome of its last turn.
  if (run.stopCause !== undefined) return outcomeOfRun(state, run, unobservedExit(message));
  return { status: 'lost', code: 'unknown', message };
}
