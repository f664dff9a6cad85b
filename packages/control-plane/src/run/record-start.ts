import { mkdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { specVersion, type RuntimeHandle } from '@runtime/contracts/adapter';
import type { NextAttempt } from '@runtime/contracts/fold';
import type { NewEvent } from '@runtime/contracts/log';
import { endTask } from '../task/end-task.ts';
import { carriedInstructions, lapsedInstructions, openingId } from './prompts.ts';
import { resumedRun } from './resumed-run.ts';
import type { TaskActor } from '../task/task-actor.ts';

const leaseRetryMs = 60_000;
const roomRetryMs = 5_000;
const trialRetryMs = 1_000;

/** Begins an admitted attempt: the target is checked, the workspace leased, and the intent durable before anything is spawned. */
export async function beginRun(actor: TaskActor, next: NextAttempt): Promise<boolean> {
  const { ctx, state } = actor;
  const { spec } = state;
  const check = await ctx.runtimes.check(next.target, spec);
  if (!check.ok) {
    if (check.retryAt !== undefined && spec.runtimes.length === 1) {
      await actor.record(() => [
        { type: 'attempt.scheduled', ...next, notBefore: check.retryAt, reason: check.reason },
      ]);
      return true;
    }
    await actor.record(() => [
      { type: 'runtime.rejected', target: next.target, code: check.code, reason: check.reason.slice(0, 2000) },
    ]);
    return true;
  }
  if (!(await isDirectory(spec.workspace))) {
    const message = `the workspace is gone: ${spec.workspace}`;
    return endTask(actor, { status: 'failed', code: 'unavailable', message });
  }
  if (!(await hasRoom(actor))) return hold(actor, roomRetryMs);
  const resumes = next.mode === 'resume' ? resumedRun(actor, state) : undefined;
  if (!holdLeases(actor, resumes?.agentSessionId)) return hold(actor, leaseRetryMs);
  if (!(await ctx.runtimes.starting(next.target.runtime))) {
    if (state.runs.length === 0) ctx.leases.releaseAll(actor.id);
    return hold(actor, trialRetryMs);
  }
  const runId = ctx.newId('run');
  const runDir = join(ctx.runsDir, runId);
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const generation = state.runs.length + 1;
  const handle: RuntimeHandle = {
    specVersion,
    runtime: next.target.runtime,
    taskId: actor.id,
    runId,
    generation,
    runDir,
    survivesHost: ctx.survivesHost,
  };
  actor.launching = runId;
  await actor.record((now) => {
    const mode = next.mode === 'resume' && !resumes ? 'restart' : next.mode;
    const instructionId = openingId(now, mode);
    const lapsed = new Map(lapsedInstructions(now, ctx.clock()).map(({ id, reason }) => [id, reason]));
    const declined = [...lapsed].map(([id, reason]) => ({ type: 'instruction.declined', instructionId: id, reason }));
    const starting: NewEvent = {
      type: 'run.starting',
      runId,
      attempt: next.attempt,
      generation,
      mode,
      target: next.target,
      handle,
      instructionId,
      carries: carriedInstructions(now, mode, instructionId).filter((id) => !lapsed.has(id)),
      ...(resumes ? { resumes: { runId: resumes.runId, agentSessionId: resumes.agentSessionId } } : {}),
    };
    // What goes with the launch leaves with it: its intent has to be durable at the same moment.
    const launched = check.runtime.capabilities.firstInstruction === 'launch';
    const sending = launched ? [{ type: 'instruction.sending', instructionId, runId }] : [];
    return [...declined, starting, ...sending];
  });
  return true;
}

/** Back into the queue, and not to be asked before then, unless something frees it earlier. */
function hold(actor: TaskActor, ms: number): false {
  actor.heldUntil = actor.ctx.clock() + ms;
  actor.admitted = false;
  actor.ctx.changed(actor);
  return false;
}

/** The workspace, and the conversation: two agents on one of either would undo each other's work. */
export function holdLeases(actor: TaskActor, agentSessionId: string | undefined): boolean {
  const { spec } = actor.state;
  const names: [string, boolean][] = [[`workspace:${spec.workspace}`, spec.shareWorkspace]];
  if (agentSessionId !== undefined) names.push([`session:${agentSessionId}`, false]);
  const freed = (): void => {
    actor.heldUntil = 0;
    actor.ctx.changed(actor);
  };
  const held = names.every(([name, share]) => actor.ctx.leases.take(name, actor.id, share, freed));
  if (!held && actor.state.runs.length === 0) actor.ctx.leases.releaseAll(actor.id);
  return held;
}

async function hasRoom({ ctx }: TaskActor): Promise<boolean> {
  const { bavail, bsize } = await statfs(ctx.runsDir).catch(() => ({ bavail: Infinity, bsize: 1 }));
  return bavail * bsize >= ctx.tuning.minFreeBytes;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
