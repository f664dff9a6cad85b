import { join } from 'node:path';
import { buildEnvironment } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, type ErrorCode, type OutcomeCode, type RunOutcome } from '@runtime/contracts';
import { runMarker, type Launch, type RuntimeAdapter, type RuntimeHandle } from '@runtime/contracts/adapter';
import type { RunState } from '@runtime/contracts/fold';
import type { PlaneContext } from '../task/context.ts';
import { openingInstruction } from './prompts.ts';
import type { TaskActor } from '../task/task-actor.ts';

/** A run's handle with its directory where it is now: a data directory may have been moved. */
export function handleOf(ctx: PlaneContext, run: RunState): RuntimeHandle {
  return { ...run.handle, runDir: join(ctx.runsDir, run.runId) };
}

/** The environment of a run's processes and the values in it that must not show up in events. */
export async function runEnvironment(ctx: PlaneContext, adapter: RuntimeAdapter, actor: TaskActor, run: RunState) {
  const { env: spec } = actor.state.spec;
  const built = await buildEnvironment({
    base: ctx.environment,
    pass: [...(adapter.environment ?? []), ...(spec?.pass ?? [])],
    ...(spec?.set ? { set: spec.set } : {}),
    ...(spec?.file === undefined ? {} : { file: spec.file }),
  });
  return { env: { ...built.env, [runMarker]: run.runId }, secrets: built.secrets };
}

export async function launchOf(actor: TaskActor, run: RunState, adapter: RuntimeAdapter): Promise<Launch> {
  const { ctx, state } = actor;
  const { env, secrets } = await runEnvironment(ctx, adapter, actor, run);
  const { resumes } = run;
  return {
    handle: handleOf(ctx, run),
    workspace: state.spec.workspace,
    target: run.target,
    instruction: openingInstruction(state, run),
    ...(resumes
      ? { resume: { agentSessionId: resumes.agentSessionId, runDir: join(ctx.runsDir, resumes.runId) } }
      : {}),
    env,
    secrets,
    ...(state.spec.approvals ? { approvals: state.spec.approvals } : {}),
  };
}

const codes: Partial<Record<ErrorCode, OutcomeCode>> = {
  UNAUTHENTICATED: 'auth',
  UNSUPPORTED: 'unmet_needs',
  INVALID_ARGUMENT: 'unmet_needs',
  OUTCOME_UNKNOWN: 'unknown',
};

/** What a start throws when provably nothing was begun. */
const notBegun: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'NOT_FOUND', 'PERMISSION_DENIED', 'EXHAUSTED']);

/** A start that failed, as the outcome of its run. `launched`: its instruction went with the launch, so it may be half done. */
export function outcomeOfFailedStart(thrown: unknown, launched: boolean): RunOutcome {
  const error = AgentRuntimeError.from(thrown);
  const message = (error.hint === undefined ? error.rawMessage : `${error.rawMessage} (${error.hint})`).slice(0, 8192);
  const code = codes[error.code] ?? (launched && !notBegun.has(error.code) ? 'unknown' : 'unavailable');
  return { status: code === 'unknown' ? 'lost' : 'failed', code, message };
}
