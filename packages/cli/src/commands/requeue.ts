import { definitionsOf } from '@runtime/adapters';
import {
  AgentRuntimeError,
  type ControlPlane,
  type RecordedEnvironment,
  type SubmitRequest,
  type TaskView,
} from '@runtime/contracts';
import type { CommandContext } from '../invocation/context.ts';
import { usageError } from '../arguments/usage-error.ts';
import { defined } from '../defined.ts';
import { findTask } from '../plane/find-task.ts';
import { variable } from '../plane/caller.ts';
import { definitionsOfTask, specOf } from '../plane/spec-of.ts';
import { shortId } from '../render/short-id.ts';
import { parentRun } from './task-request.ts';
import { forPlane, noteUnset } from './for-plane.ts';
import type { Handler } from '../invocation/handle.ts';

/** `runtime requeue`. */
export const requeue: Handler = async (context, [id]) => {
  const { out, signal } = context;
  const plane = await context.writing();
  const before = await findTask(context, plane, id);
  requireEnd(context, before);
  const request = await requestAgain(context, plane, before.id);
  const task = await plane.submit(request, { signal });
  const view = await task.status({ signal });
  await out.document(view);
  await out.bare(task.id);
  if (out.live) out.remark(context.spoken(`to watch it: ${context.program} watch ${shortId(task.id)}`));
};

function requireEnd({ program }: CommandContext, { id, status }: TaskView): void {
  if (status !== 'queued' && status !== 'running' && status !== 'waiting') return;
  throw new AgentRuntimeError('CONFLICT', `${shortId(id)} has not ended; it is ${status}`, {
    hint: `${program} cancel ${shortId(id)} --wait ends it`,
  });
}

/** The request that a task was made of, with its own runtimes and with the variables that this shell has now. */
async function requestAgain(context: CommandContext, plane: ControlPlane, taskId: string): Promise<SubmitRequest> {
  const { deps, signal } = context;
  const spec = await specOf(plane, taskId, signal);
  const { config } = await context.config();
  const { continueOf: _, definitions: _recorded, environment: _names, env, workspace, worktree, ...same } = spec;
  const given = { env: config.defaults?.env?.set ?? {} };
  const set = env && valuesAgain(env, (name) => variable(given, name) ?? variable(deps, name));
  const request: SubmitRequest = {
    ...same,
    workspace: worktree ? { git: workspace, worktree: true, base: worktree.base } : workspace,
    ...(await parentRun(deps)),
    ...(env ? { env: defined({ pass: env.pass, file: env.file, set }) } : {}),
    retryOf: taskId,
    by: 'cli',
  };
  noteUnset(context, request);
  const definitions = definitionsOfTask(spec, definitionsOf(config.runtimes));
  return forPlane(context, plane, request, definitions);
}

/** The values of `env.set` were not kept: they come from the configuration or from this shell. */
function valuesAgain(
  { set, setNames = [] }: RecordedEnvironment,
  valueHere: (name: string) => string | undefined,
): Record<string, string> | undefined {
  if (setNames.length === 0) return set;
  const values: [string, string][] = [];
  const missing: string[] = [];
  for (const name of setNames) {
    const value = valueHere(name);
    if (value === undefined) missing.push(name);
    else values.push([name, value]);
  }
  if (missing.length === 0) return Object.fromEntries(values);
  throw usageError(
    `the values that the task was given for ${missing.join(', ')} were not kept`,
    'set them in this shell, or in defaults.env.set of the configuration, and do it again',
  );
}
