import { mkdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AgentRuntimeError, type Target, type TaskEvent, type WaitingFor } from '@runtime/contracts';
import { specVersion, type RuntimeHandle } from '@runtime/contracts/adapter';
import type { NextAttempt, TaskState } from '@runtime/contracts/fold';
import { carriedInstructions, lapsedInstructions, openingId } from '../run/prompts.ts';
import { runtimeKey, sourceOf } from '../runtimes/adapters.ts';
import type { TargetCheck } from '../runtimes/runtimes.ts';
import { endTask } from './end-task.ts';
import { probeEnvironment } from '../task/given.ts';
import { holdLeases } from '../task/hold-leases.ts';
import type { Conversation, Task } from '../task/task.ts';
import { taskFault } from './task-fault.ts';
import { prepareWorktree } from '../worktree/prepare.ts';
import { targetAfter } from './what-follows.ts';

const leaseRetryMs = 60_000;
const diskRetryMs = 5_000;
const trialRetryMs = 1_000;

/**
 * Records the start of an admitted attempt: the target is checked, the workspace leased, and `run.starting` durable
 * before anything is spawned.
 * False when the task goes back into the queue because something it needs is taken.
 */
export async function recordStart(task: Task, next: NextAttempt): Promise<boolean> {
  const { ctx, state } = task;
  const { spec } = state;
  let environment;
  try {
    environment = await probeEnvironment(task);
  } catch (thrown) {
    const { code, rawMessage } = AgentRuntimeError.from(thrown);
    // Without its variables the task can never run; what cannot be read at the moment is still there.
    if (code !== 'DATA_CORRUPT') throw thrown;
    return endTask(task, { status: 'failed', code: 'unavailable', message: rawMessage });
  }
  const check = await ctx.runtimes.check(next.target, spec, environment);
  if (!check.ok) {
    if (waitsForAnOwner(task, next)) return requeue(task, leaseRetryMs, noAdapter(next));
    await task.record(() => [refusalOf(next, check, spec.runtimes.length)]);
    return true;
  }
  // Looked at as late as can be: a probe may take long.
  const fault = await taskFault(spec, state.worktree?.dir);
  if (fault) return endTask(task, fault);
  if (!(await hasRoom(task))) return requeue(task, diskRetryMs, noRoom(task));
  const resumes = next.mode === 'resume' ? await resumedConversation(task, state) : undefined;
  const taken = holdLeases(task, resumes?.agentSessionId);
  if (taken) return requeue(task, leaseRetryMs, taken);
  const unready = await prepareWorktree(task, next);
  // The next step ends it.
  if (unready?.kind === 'over' || task.state.cancel) return true;
  if (unready?.kind === 'waits') return requeueWithoutLeases(task, diskRetryMs, unready.for);
  if (unready) return endTask(task, unready.outcome);
  // The last thing that is asked: whoever takes the trial has to start.
  if (!(await ctx.runtimes.admitsStart(runtimeKey(sourceOf(spec, next.target.runtime))))) {
    const text = `One start is tried on ${next.target.runtime} first`;
    return requeueWithoutLeases(task, trialRetryMs, { kind: 'breaker', text });
  }
  const handle = await makeHandle(task, next);
  task.launching = handle.runId;
  const launches = check.runtime.capabilities.firstInstruction === 'launch';
  await task.record((latest) => startEvents(latest, { next, handle, resumes, launches, now: ctx.clock() }));
  task.host.began(task);
  return true;
}

/**
 * A target that cannot be used: tried again when its breaker lets a start through and the task has no other, else
 * rejected.
 */
function refusalOf(next: NextAttempt, check: Extract<TargetCheck, { ok: false }>, targets: number): TaskEvent {
  if (check.retryAt !== undefined && targets === 1) {
    return { type: 'attempt.scheduled', ...next, notBefore: check.retryAt, reason: check.reason };
  }
  return { type: 'runtime.rejected', target: next.target, code: check.code, reason: check.reason.slice(0, 2000) };
}

/**
 * Whether this owner has no adapter for the target, nor for any after it: another one may. A task that an earlier
 * version recorded names its runtimes without their definitions.
 */
function waitsForAnOwner({ ctx, state }: Task, { target }: NextAttempt): boolean {
  const isUnknown = ({ runtime }: Target): boolean =>
    sourceOf(state.spec, runtime).definition === undefined && !ctx.adapters.ids.includes(runtime);
  let left: Target | undefined = target;
  while (left && isUnknown(left)) left = targetAfter(state, left);
  return left === undefined;
}

const noAdapter = ({ target: { runtime } }: NextAttempt): WaitingFor => ({
  kind: 'runtime',
  text: `No runtime ${JSON.stringify(runtime)} is configured here: an owner that has it goes on, or cancel the task`,
});

/** The conversation that a resuming run picks up: of an earlier run of this task, or of the task that it continues. */
async function resumedConversation(task: Task, state: TaskState): Promise<Conversation | undefined> {
  const earlier = state.runs.findLast((run) => run.agentSessionId !== undefined);
  if (earlier?.agentSessionId !== undefined) return { runId: earlier.runId, agentSessionId: earlier.agentSessionId };
  const { continueOf } = state.spec;
  return continueOf === undefined ? undefined : task.host.conversationOf(continueOf);
}

/** The handle is computed, not discovered: recovery finds the run by it even when its start was never seen. */
async function makeHandle({ ctx, id, state }: Task, { target }: NextAttempt): Promise<RuntimeHandle> {
  const runId = ctx.newId('run');
  const runDir = join(ctx.runsDir, runId);
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  return {
    specVersion,
    runtime: target.runtime,
    taskId: id,
    runId,
    generation: state.runs.length + 1,
    runDir,
    survivesHost: ctx.survivesHost,
  };
}

interface Start {
  readonly next: NextAttempt;
  readonly handle: RuntimeHandle;
  readonly resumes: Conversation | undefined;
  /** The first instruction goes with the launch. */
  readonly launches: boolean;
  readonly now: number;
}

function startEvents(state: TaskState, { next, handle, resumes, launches, now }: Start): TaskEvent[] {
  const { runId, generation } = handle;
  const mode = next.mode === 'resume' && !resumes ? 'restart' : next.mode;
  const instructionId = openingId(state, mode);
  const lapsed = lapsedInstructions(state, now);
  const isLapsed = (id: string): boolean => lapsed.some((each) => each.id === id);
  return [
    ...lapsed.map(({ id, reason }) => ({ type: 'instruction.declined' as const, instructionId: id, reason })),
    {
      type: 'run.starting',
      runId,
      attempt: next.attempt,
      generation,
      mode,
      target: next.target,
      handle,
      instructionId,
      carries: carriedInstructions(state, mode, instructionId).filter((id) => !isLapsed(id)),
      ...(resumes ? { resumes } : {}),
    },
    // An instruction that goes with the launch leaves with it: its intent has to be durable at the same moment.
    ...(launches ? [{ type: 'instruction.sending' as const, instructionId, runId }] : []),
  ];
}

/**
 * Puts the task back into the queue; the scheduler is not asked about it for `ms`, unless what it needs is freed
 * earlier.
 */
function requeue(task: Task, ms: number, why: WaitingFor): false {
  task.hold = { until: task.ctx.clock() + ms, why };
  task.admitted = false;
  task.host.changed(task);
  return false;
}

function requeueWithoutLeases(task: Task, ms: number, why: WaitingFor): false {
  if (task.state.runs.length === 0) task.ctx.leases.releaseAll(task.id);
  return requeue(task, ms, why);
}

const noRoom = ({ ctx }: Task): WaitingFor => ({
  kind: 'disk',
  text: `Less than ${ctx.tuning.minFreeBytes} bytes are free for ${ctx.runsDir}`.slice(0, 2000),
});

async function hasRoom({ ctx }: Task): Promise<boolean> {
  // The directory of the runs is made with the first of them.
  const { bavail, bsize } = await statfs(dirname(ctx.runsDir)).catch(() => ({ bavail: Infinity, bsize: 1 }));
  return bavail * bsize >= ctx.tuning.minFreeBytes;
}
