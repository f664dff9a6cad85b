import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { definitionsOf } from '@runtime/adapters';
import { AgentRuntimeError, type ControlPlane, type SubmitRequest, type Target } from '@runtime/contracts';
import { parseDuration } from '../arguments/duration.ts';
import { labelsOf } from '../arguments/label.ts';
import { mergePolicies } from '../arguments/policy.ts';
import { defined } from '../defined.ts';
import { usageError } from '../arguments/usage-error.ts';
import { sourceOf, type LoadedConfig } from '../config/load.ts';
import { pick, type Definitions } from '../config/definitions.ts';
import type { CommandContext } from '../invocation/context.ts';
import { callingRun } from '../plane/calling-run.ts';
import { callerEnvironment, withDefinitions, withPassedValues } from '../plane/caller.ts';
import { findTask } from '../plane/find-task.ts';
import { definitionsOfTask, specOf } from '../plane/spec-of.ts';
import { forPlane } from './for-plane.ts';
import type { TaskOptions } from './task-options.ts';

/** Makes the request, as far as no plane is needed. Options override defaults; paths become absolute for the owner. */
export function composeRequest(prompt: string, options: TaskOptions, loaded: LoadedConfig, cwd: string): SubmitRequest {
  const defaults = loaded.config.defaults ?? {};
  const duration = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseDuration(text);
  const approvals = mergePolicies(options.approve ?? [], defaults.approvals);
  const pass = [...(defaults.env?.pass ?? []), ...namesToPass(options)];
  const file = options.envFrom === undefined ? defaults.env?.file : resolve(cwd, options.envFrom);
  const request: SubmitRequest = {
    prompt,
    workspace: workspaceOf(options, cwd),
    onRestart: options.onRestart,
    runtimes: withModel(options.on ?? defaults.runtimes, options),
    title: options.title,
    until: options.untilClosed ? 'closed' : 'idle',
    deadlineMs: options.deadline ?? duration(defaults.deadline),
    runTimeoutMs: options.runTimeout ?? duration(defaults.runTimeout),
    idleTimeoutMs: options.idleTimeout ?? duration(defaults.idleTimeout),
    needs: options.needs ?? defaults.needs,
    recovery: options.recovery ?? defaults.recovery,
    retry: options.retries === undefined ? defaults.retry : { ...defaults.retry, maxAttempts: options.retries + 1 },
    // The limit also applies to dialogs of the agent, which need no rule.
    approvals: options.approvalTimeout === undefined ? approvals : { ...approvals, timeoutMs: options.approvalTimeout },
    env: pass.length + (file === undefined ? 0 : 1) > 0 || defaults.env ? { ...defaults.env, pass, file } : undefined,
    written: options.ignoreWritten ? 'ignore' : undefined,
    check: options.check,
    deliverables: options.deliverables.length === 0 ? undefined : options.deliverables,
    shareWorkspace: options.shareWorkspace,
    labels: labelsOf(options.label),
    // Always a key: after a lost connection the request is sent again and must not become a second task.
    key: options.key ?? `cli-${randomUUID()}`,
    by: 'cli',
  };
  return withoutUndefined(request);
}

function workspaceOf({ workspace, worktree }: TaskOptions, cwd: string): SubmitRequest['workspace'] {
  const path = resolve(cwd, workspace ?? '.');
  if (worktree === undefined) return path;
  return { git: path, worktree: true, ...(worktree === true ? {} : { base: worktree }) };
}

/** The run that this command is called from, when an agent calls it: the task then may use what that run holds. */
export async function parentRun(deps: CommandContext['deps']): Promise<Pick<SubmitRequest, 'parentRunId'>> {
  return defined({ parentRunId: await callingRun(deps) });
}

/** The names of `--env-pass`, each of which may be a list with commas. */
function namesToPass(options: TaskOptions): string[] {
  return (options.envPass ?? []).flatMap((text) => text.split(',')).map((name) => name.trim());
}

function withModel(
  targets: readonly (string | Target)[] | undefined,
  { model, thinking }: TaskOptions,
): (string | Target)[] | undefined {
  return targets?.map((target) => {
    const full = typeof target === 'string' ? { runtime: target } : target;
    const asked = { ...(model === undefined ? {} : { model }), ...(thinking === undefined ? {} : { thinking }) };
    return { ...asked, ...full };
  });
}

/** Adds what needs the plane: the task to continue, the runtimes with their definitions, the variables of this shell. */
export async function completeRequest(
  context: CommandContext,
  plane: ControlPlane,
  request: SubmitRequest,
  options: TaskOptions,
): Promise<SubmitRequest> {
  const { signal } = context;
  const loaded = await context.config();
  const here = definitionsOf(loaded.config.runtimes);
  if (options.continue !== undefined) {
    const before = await findTask(context, plane, options.continue);
    // The conversation is about the files of its worktree.
    const there = before.worktree?.dir ?? before.workspace;
    const workspace = options.workspace === undefined ? there : request.workspace;
    const definitions = definitionsOfTask(await specOf(plane, before.id, signal), here);
    const continued = withoutUndefined({ ...request, continueOf: before.id, workspace });
    return forPlane(context, plane, continued, definitions);
  }
  const isDefined = (await plane.info({ signal })).definitions;
  const chosen = isDefined ? here : undefined;
  const runtimes = request.runtimes ?? (await usableRuntimes(context, plane, options, chosen));
  const complete = withoutUndefined({ ...request, runtimes });
  if (!isDefined) return withPassedValues(context.deps, complete);
  const ids = (runtimes ?? []).map((target) => (typeof target === 'string' ? target : target.runtime));
  const unknown = ids.find((id) => !Object.hasOwn(here, id));
  if (unknown !== undefined) throw unknownRuntime(unknown, loaded);
  return withDefinitions(context.deps, complete, pick(here, ids));
}

/** For a task that names no runtime: those that take a model where one is asked for, else all. */
async function usableRuntimes(
  { deps, signal }: CommandContext,
  plane: ControlPlane,
  options: TaskOptions,
  definitions: Definitions | undefined,
): Promise<(string | Target)[] | undefined> {
  if (options.model === undefined && options.thinking === undefined) return definitions && Object.keys(definitions);
  const environment = definitions && { ...(await callerEnvironment(deps, definitions, [])) };
  const asked = definitions ? { definitions: { ...definitions }, environment } : {};
  const usable = (await plane.runtimes({ ...asked, signal })).flatMap((report) =>
    report.status === 'available' && report.capabilities.models ? [report.id] : [],
  );
  if (usable.length === 0)
    throw usageError('no available runtime takes a model', 'runtime runtimes lists the runtimes');
  return withModel(usable, options);
}

function unknownRuntime(id: string, loaded: LoadedConfig): AgentRuntimeError {
  const source = sourceOf(loaded);
  const where = source === undefined ? 'and there is no configuration file here' : `in ${source}`;
  return new AgentRuntimeError('NOT_FOUND', `no runtime ${JSON.stringify(id)} is configured ${where}`, {
    hint: `the runtimes are ${Object.keys(loaded.config.runtimes).join(', ')}`,
  });
}

/** The socket and the log carry JSON, which has no undefined fields. */
function withoutUndefined(request: SubmitRequest): SubmitRequest {
  const entries = Object.entries(request).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as SubmitRequest;
}
