import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { abortable } from '@runtime/contracts';
import {
  AgentRuntimeError,
  maxInstructionChars,
  throwIfAborted,
  type ControlPlane,
  type SubmitRequest,
  type Target,
} from '@runtime/contracts';
import { parseDuration } from '../arguments/duration.ts';
import { mergePolicies } from '../arguments/policy.ts';
import { usageError } from '../arguments/usage-error.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { findTask } from '../plane/find-task.ts';
import type { TaskOptions } from './task-options.ts';

/** The prompt that was meant: the argument, a file, or standard input for `-`. */
export async function readPrompt(
  deps: CliDependencies,
  argument: string | undefined,
  file: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (argument !== undefined && file !== undefined) {
    if (argument !== '-') throw usageError('a prompt and --prompt-file: which one?');
  }
  const source = file ?? argument;
  if (source === undefined)
    throw usageError('what is to be done?', 'runtime run "<prompt>", or - to read it from standard input');
  let prompt = source;
  if (source === '-') prompt = await readAll(deps.stdin, signal);
  else if (file !== undefined) prompt = await readPromptFile(resolve(deps.cwd, file));
  if (prompt.trim() === '') throw usageError('the prompt is empty');
  if (prompt.length > maxInstructionChars) throw tooLong();
  return prompt;
}

async function readPromptFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AgentRuntimeError('INVALID_ARGUMENT', `cannot read the prompt: ${why}`, { cause: error });
  }
}

async function readAll(stdin: CliDependencies['stdin'], signal: AbortSignal): Promise<string> {
  throwIfAborted(signal);
  const decoder = new TextDecoder();
  const chunks = stdin[Symbol.asyncIterator]();
  try {
    let text = '';
    for (;;) {
      const { done, value } = await abortable(chunks.next(), signal);
      if (done) return text + decoder.decode();
      text += typeof value === 'string' ? value : decoder.decode(value, { stream: true });
      if (text.length > maxInstructionChars) throw tooLong();
    }
  } finally {
    // Not awaited: behind a read that waits for ever, so does this.
    chunks.return?.()?.catch(() => undefined);
  }
}

function tooLong(): AgentRuntimeError {
  return usageError(
    `a prompt has at most ${maxInstructionChars} characters`,
    'put the long part into a file of the workspace and name it',
  );
}

/** What of the request needs no plane: options over the configuration's defaults, paths absolute for an owner that stands elsewhere. */
export function composeRequest(prompt: string, options: TaskOptions, loaded: LoadedConfig, cwd: string): SubmitRequest {
  const defaults = loaded.config.defaults ?? {};
  const duration = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseDuration(text);
  const approvals = mergePolicies(options.approve ?? [], defaults.approvals);
  const pass = [...(defaults.env?.pass ?? []), ...namesToPass(options)];
  const file = options.envFrom === undefined ? defaults.env?.file : resolve(cwd, options.envFrom);
  const request: SubmitRequest = {
    prompt,
    workspace: resolve(cwd, options.workspace ?? '.'),
    runtimes: withModel(options.on ?? defaults.runtimes, options),
    title: options.title,
    until: options.untilClosed ? 'closed' : 'idle',
    deadlineMs: options.deadline ?? duration(defaults.deadline),
    runTimeoutMs: options.runTimeout ?? duration(defaults.runTimeout),
    idleTimeoutMs: options.idleTimeout ?? duration(defaults.idleTimeout),
    needs: options.needs ?? defaults.needs,
    recovery: options.recovery ?? defaults.recovery,
    retry: options.retries === undefined ? defaults.retry : { ...defaults.retry, maxAttempts: options.retries + 1 },
    // The limit holds for dialogs of the agent too, which need no rule.
    approvals: options.approvalTimeout === undefined ? approvals : { ...approvals, timeoutMs: options.approvalTimeout },
    env: pass.length + (file === undefined ? 0 : 1) > 0 || defaults.env ? { ...defaults.env, pass, file } : undefined,
    shareWorkspace: options.shareWorkspace,
    // A key even where none is asked for: after a lost connection the same submission is sent again, and must not become a second task.
    key: options.key ?? `cli-${randomUUID()}`,
  };
  return withoutUndefined(request);
}

/** Names of `--env-pass`, which may be given with commas as well. */
export function namesToPass(options: TaskOptions): string[] {
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

/** What needs the plane: the task to continue, and the runtimes that a model is for when none were named. */
export async function completeRequest(
  plane: ControlPlane,
  request: SubmitRequest,
  options: TaskOptions,
): Promise<SubmitRequest> {
  let complete = request;
  if (options.continue !== undefined) {
    const before = await findTask(plane, options.continue);
    const workspace = options.workspace === undefined ? before.workspace : request.workspace;
    complete = withoutUndefined({ ...complete, continueOf: before.id, workspace });
  }
  if ((options.model === undefined && options.thinking === undefined) || complete.runtimes !== undefined)
    return complete;
  const usable = (await plane.runtimes()).flatMap((report) =>
    report.status === 'available' && report.capabilities.models ? [report.id] : [],
  );
  if (usable.length === 0) throw usageError('no runtime takes a model', 'runtime runtimes shows what was found');
  return withoutUndefined({ ...complete, runtimes: withModel(usable, options) });
}

/** The socket and the log carry JSON, in which a field is there or not. */
function withoutUndefined(request: SubmitRequest): SubmitRequest {
  const entries = Object.entries(request).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as SubmitRequest;
}
