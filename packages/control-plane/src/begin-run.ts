import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { specVersion, type NewEvent, type NextAttempt, type RuntimeHandle } from '@runtime/contracts';
import { carriedInstructions, openingId } from './prompts.ts';
import { resumedRun } from './resumed-run.ts';
import type { TaskActor } from './task-actor.ts';

const workspaceRetryMs = 250;

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
    await actor.record(() => [
      {
        type: 'task.ended',
        outcome: { status: 'failed', code: 'unavailable', message: `the workspace is gone: ${spec.workspace}` },
      },
    ]);
    return false;
  }
  if (!ctx.workspaces.take(spec.workspace, actor.id, spec.shareWorkspace)) {
    actor.wakeAt(ctx.clock() + workspaceRetryMs);
    return false;
  }
  await ctx.runtimes.starting(next.target.runtime);
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
    const resumes = next.mode === 'resume' ? resumedRun(actor, now) : undefined;
    const mode = next.mode === 'resume' && !resumes ? 'restart' : next.mode;
    const instructionId = openingId(now, mode);
    const starting: NewEvent = {
      type: 'run.starting',
      runId,
      attempt: next.attempt,
      generation,
      mode,
      target: next.target,
      handle,
      instructionId,
      carries: carriedInstructions(now, mode, instructionId),
      ...(resumes ? { resumes: { runId: resumes.runId, agentSessionId: resumes.agentSessionId } } : {}),
    };
    // What goes with the launch leaves with it: its intent has to be durable at the same moment.
    const launched = check.runtime.capabilities.firstInstruction === 'launch';
    return launched ? [starting, { type: 'instruction.sending', instructionId, runId }] : [starting];
  });
  return true;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
