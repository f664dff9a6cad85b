import {
  AgentRuntimeError,
  type Check,
  type CheckCause,
  type ErrorCode,
  type TaskEvent,
  type TaskEventOf,
} from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { openCheck, type CheckState, type TaskState } from '@runtime/contracts/fold';
import { collectOutput } from '../artifacts/collect-output.ts';
import { holdLeases, keepLeases } from '../task/hold-leases.ts';
import { forgetSecrets, readSecrets } from '../task/run-secrets.ts';
import type { Task } from '../task/task.ts';
import { Watch } from '../task/watch.ts';
import { readOutput, toldOf } from './check-output.ts';
import { CheckProcess } from './check-process.ts';
import { endOfCheck } from './end-of-check.ts';

/** How often a check whose process is lost is started in one round. */
const maxStarts = 3;
const leaseRetryMs = 5_000;

type CheckEnded = TaskEventOf<'check.ended'>;

/** What follows a check, as events; `told` is what it printed, for the agent. */
export type AfterCheck = (state: TaskState, ended: CheckEnded, told: string) => TaskEvent[];

/** How a check ended. */
interface Ending {
  readonly exit: Exit;
  readonly cause?: CheckCause | undefined;
  readonly message?: string;
}

/**
 * Has the task's check decide on its work: starts it, or takes up the one that an earlier owner started, and records how
 * it ended together with what follows. False when the plane closes, or has to wait for the workspace.
 */
export async function runCheck(task: Task, spec: Check, after: AfterCheck): Promise<boolean> {
  const open = openCheck(task.state);
  if (open) {
    keepLeases(task, undefined);
    const earlier = new CheckProcess(task, open.checkId);
    if (await earlier.isThere()) return followCheck(task, spec, open, after);
    await task.confirmOwner();
    await earlier.reap();
    const lost: Exit = { kind: 'unknown', why: 'its process was lost' };
    if (task.state.cancel) return conclude(task, open, { exit: lost, cause: 'cancel' }, after);
    if (open.starts >= maxStarts) return conclude(task, open, { exit: lost, cause: 'lost' }, after);
  }
  const taken = holdLeases(task, undefined);
  if (taken) {
    const until = task.ctx.clock() + leaseRetryMs;
    task.hold = { until, why: taken };
    task.wakeAt(until);
    return false;
  }
  return startCheck(task, spec, after);
}

async function startCheck(task: Task, spec: Check, after: AfterCheck): Promise<boolean> {
  const { ctx } = task;
  // Of one whose process was lost, or whose owner died once its end was recorded.
  await forgetSecrets(ctx, secretsOfCheck(task.state));
  const checkId = ctx.newId('check');
  const { check } = await task.record((state) => {
    const { runId } = state.runs.at(-1) ?? { runId: '' };
    const round = openCheck(state)?.round ?? (state.check?.round ?? 0) + 1;
    return [{ type: 'check.started', checkId, runId, round }];
  });
  if (!check) return true;
  await ctx.failpoint('check.before');
  try {
    await new CheckProcess(task, checkId).start(spec.command);
  } catch (thrown) {
    const { code, rawMessage } = AgentRuntimeError.from(thrown);
    if (!neverRuns.has(code)) throw thrown;
    const exit: Exit = { kind: 'unknown', why: 'it was not started' };
    return conclude(task, check, { exit, cause: 'unavailable', message: rawMessage.slice(0, 2000) }, after);
  }
  await ctx.failpoint('check.after');
  return followCheck(task, spec, check, after);
}

/** Whose values are kept: only the last check may have any, since each start forgets those of the one before it. */
export const secretsOfCheck = ({ check }: TaskState): { readonly runId: string }[] =>
  check ? [{ runId: check.checkId }] : [];

/** With these codes, it could be tried for ever. */
const neverRuns: ReadonlySet<ErrorCode> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'UNSUPPORTED',
  'DATA_CORRUPT',
]);

/** Waits for its end, and brings it about where it has to. */
async function followCheck(task: Task, spec: Check, check: CheckState, after: AfterCheck): Promise<boolean> {
  const { ctx } = task;
  const process = new CheckProcess(task, check.checkId);
  using end = new Watch(task, () => endOfCheck(task, check, spec));
  let exit: Exit;
  let cause: CheckCause | undefined;
  try {
    exit = await process.waitForExit(AbortSignal.any([end.signal, ctx.closing]));
  } catch (thrown) {
    if (ctx.closing.aborted) return false;
    if (!end.found) throw thrown;
    await task.confirmOwner();
    // What ended by itself before then has reached no limit, however late that is seen.
    const endedAt = await process.endedAt();
    const inTime = endedAt !== undefined && endedAt <= end.found.at;
    if (!inTime || end.found.cause === 'cancel') ({ cause } = end.found);
    exit = await process.stop(ctx);
  }
  // Its holder was killed, and recorded nothing: the next look starts it again.
  const isLost = exit.kind === 'unknown' && cause === undefined && (await process.endedAt()) === undefined;
  if (isLost) return true;
  return conclude(task, check, { exit, cause }, after);
}

/** Records how a check ended, with what it printed, and what follows. */
async function conclude(task: Task, check: CheckState, ending: Ending, after: AfterCheck): Promise<boolean> {
  const { ctx } = task;
  const { checkId, runId, round } = check;
  const process = new CheckProcess(task, checkId);
  await task.confirmOwner();
  await process.reap();
  const output = await readOutput(process.handle, await readSecrets(ctx, checkId));
  const cause = ending.cause ?? (output.isTooLong ? 'output_limit' : undefined);
  const { exit, message } = ending;
  const ok = cause === undefined && exit.kind === 'exited' && exit.code === 0;
  const ended: CheckEnded = {
    type: 'check.ended',
    checkId,
    runId,
    round,
    ok,
    exit,
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined ? {} : { message }),
  };
  using kept = await collectOutput(task, { runId, folder: `checks/${round}` }, output);
  await ctx.failpoint('check.stored');
  await task.record((state) => {
    if (openCheck(state)?.checkId !== checkId) return [];
    return [...kept.events, ended, ...after(state, ended, toldOf(output))];
  });
  return true;
}
