import { join } from 'node:path';
import {
  AgentRuntimeError,
  messageWithHint,
  type ErrorCode,
  type OutcomeCode,
  type RunOutcome,
} from '@runtime/contracts';
import type { Launch, RuntimeAdapter, RuntimeHandle } from '@runtime/contracts/adapter';
import type { RunState } from '@runtime/contracts/fold';
import { sourceOf } from '../runtimes/adapters.ts';
import type { PlaneContext } from '../task/context.ts';
import { processEnvironment } from '../task/process-environment.ts';
import { directoryOf } from '../task/directory.ts';
import type { Task } from '../task/task.ts';
import { openingInstruction } from './prompts.ts';

/** A run's handle with its directory where it is now: a data directory may have been moved. */
export function handleOf(ctx: PlaneContext, run: RunState): RuntimeHandle {
  return { ...run.handle, runDir: join(ctx.runsDir, run.runId) };
}

/** What the adapter gets to start this run. */
export async function launchRequest(task: Task, run: RunState, adapter: RuntimeAdapter): Promise<Launch> {
  const { ctx, state } = task;
  const { definition } = sourceOf(state.spec, run.target.runtime);
  const pass = [...(adapter.passEnvironment ?? []), ...(definition?.passEnv ?? [])];
  const { env, secrets } = await processEnvironment(task, run.runId, pass);
  const { resumes } = run;
  return {
    handle: handleOf(ctx, run),
    workspace: directoryOf(task),
    target: run.target,
    instruction: openingInstruction(state, run),
    ...(resumes
      ? { resume: { agentSessionId: resumes.agentSessionId, runDir: join(ctx.runsDir, resumes.runId) } }
      : {}),
    env,
    secrets,
    maxOutputBytes: state.spec.maxOutputBytes,
    ...(state.spec.approvals ? { approvals: state.spec.approvals } : {}),
  };
}

const codes: Partial<Record<ErrorCode, OutcomeCode>> = {
  UNAUTHENTICATED: 'auth',
  UNSUPPORTED: 'unmet_needs',
  INVALID_ARGUMENT: 'invalid_request',
  NOT_FOUND: 'invalid_request',
  PERMISSION_DENIED: 'invalid_request',
  OUTCOME_UNKNOWN: 'unknown',
};

/** The codes with which `RuntimeAdapter.start` proves that nothing began. */
const nothingBegan: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'EXHAUSTED']);

/**
 * A start that failed, as the outcome of its run. `launched`: its instruction went with the launch, so it may be half
 * done.
 */
export function outcomeOfFailedStart(thrown: unknown, launched: boolean): RunOutcome {
  const error = AgentRuntimeError.from(thrown);
  const message = messageWithHint(error).slice(0, 8192);
  const code = codes[error.code] ?? (launched && !nothingBegan.has(error.code) ? 'unknown' : 'unavailable');
  return { status: code === 'unknown' ? 'lost' : 'failed', code, message };
}
