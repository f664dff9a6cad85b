import { realpath, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { buildEnvironment } from '@runtime/adapter-kit/run';
import {
  AgentRuntimeError,
  maxInstructionChars,
  submitRequestSchema,
  taskSpecSchema,
  type EnvironmentSpec,
  type GitWorkspace,
  type Part,
  type RecordedEnvironment,
} from '@runtime/contracts';
import { parseWith } from '../client/parse.ts';
import type { Plane } from '../plane/plane.ts';
import type { Submission } from '../plane/submissions.ts';
import { lookupEnvironment } from '../task/given.ts';
import type { TaskValues } from '../task/task-values.ts';
import { actorSchema } from './act.ts';
import { ancestorsOf } from './ancestors.ts';
import { refuseFaults } from './refuse-faults.ts';
import { taskRuntimes } from './task-runtimes.ts';

/** Submits a caller's request. Resolves once the task is durable, and with it the values that it was given. */
export async function submit(plane: Plane, request: unknown): Promise<{ id: string }> {
  const { parentRunId, ...submission } = await parseSubmission(plane, request);
  const { spec, key } = submission;
  const ancestors = parentRunId === undefined ? [] : await ancestorsOf(plane, spec, parentRunId);
  // A known key stands for its task, whatever has become of what that needs.
  if (key === undefined || !(await plane.submissions.isKnown(key))) await refuseFaults(submission, plane.ctx);
  return { id: await plane.submissions.submit({ ...submission, ancestors }) };
}

const requestSchema = submitRequestSchema.extend({ by: actorSchema });

/** Completes a request to the spec that is kept. Nothing is read from the workspace; it only has to exist. */
async function parseSubmission(
  plane: Plane,
  input: unknown,
): Promise<Submission & { readonly parentRunId?: string | undefined }> {
  const { key, by, prompt, workspace, runtimes, definitions, env, environment, parentRunId, ...rest } = parseWith(
    requestSchema,
    input,
    'the request is not valid',
  );
  const parts = typeof prompt === 'string' ? [{ type: 'text', text: prompt } as const] : prompt;
  checkPrompt(parts);
  const git = typeof workspace === 'object' ? workspace : undefined;
  const directory = await existingDirectory(typeof workspace === 'object' ? workspace.git : workspace);
  const found = await taskRuntimes(plane, { runtimes, definitions, continueOf: rest.continueOf });
  const given = environment && (await permitted(environment, [...found.pass, ...(env?.pass ?? [])]));
  const values = valuesOf(given, env?.set);
  const worktree = git && (await worktreePlan(plane, directory, git, values));
  const spec = parseWith(
    taskSpecSchema,
    {
      ...rest,
      prompt: parts,
      workspace: directory,
      ...(worktree ? { worktree } : {}),
      runtimes: found.targets,
      ...(Object.keys(found.definitions).length > 0 ? { definitions: found.definitions } : {}),
      ...(env ? { env: await recordedEnvironment(plane, env) } : {}),
      ...(given ? { environment: Object.keys(given).sort() } : {}),
    },
    'the request is not valid',
  );
  if (spec.onRestart === 'restore' && !worktree) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'only a worktree of the task can be restored', {
      hint: 'ask for one: workspace { git, worktree: true }',
    });
  }
  return { spec, by, parentRunId, ...(key === undefined ? {} : { key }), ...(values ? { values } : {}) };
}

/** What the worktree of a task begins from is what that is now, whenever the task begins. */
async function worktreePlan(
  { ctx }: Plane,
  repository: string,
  { base = 'HEAD' }: GitWorkspace,
  values: TaskValues | undefined,
): Promise<{ readonly base: string; readonly commit: string }> {
  const { resolveBase } = await import('@runtime/worktrees');
  const env = lookupEnvironment(ctx, { workspace: repository }, values) ?? ctx.environment;
  return { base, commit: await resolveBase(repository, base, { env }) };
}

/** What the runs of a task may get of the caller's variables: the allow-list, and what is named. */
async function permitted(
  base: Readonly<Record<string, string>>,
  pass: readonly string[],
): Promise<Record<string, string>> {
  return { ...(await buildEnvironment({ base, pass })).env };
}

/** Names, and by which the values are known again; never a value. */
async function recordedEnvironment(plane: Plane, { set = {}, ...rest }: EnvironmentSpec): Promise<RecordedEnvironment> {
  const setNames = Object.keys(set).sort();
  if (setNames.length === 0) return rest;
  return { ...rest, setNames, setDigest: await plane.ctx.values.digest(set) };
}

function valuesOf(environment: TaskValues['environment'], set: TaskValues['set']): TaskValues | undefined {
  const isSet = set !== undefined && Object.keys(set).length > 0;
  if (!environment && !isSet) return undefined;
  return { ...(environment ? { environment } : {}), ...(isSet ? { set } : {}) };
}

export function checkPrompt(parts: readonly Part[]): void {
  const chars = parts.reduce((sum, part) => sum + (part.type === 'text' ? part.text.length : 0), 0);
  if (chars > maxInstructionChars) {
    throw new AgentRuntimeError(
      'INVALID_ARGUMENT',
      `the text has ${chars} characters; at most ${maxInstructionChars} are taken`,
      {
        hint: 'put the material into a file in the workspace and name it in the prompt',
      },
    );
  }
  if (!parts.some((part) => part.type !== 'text' || part.text.trim() !== '')) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'the prompt is empty', { hint: 'say what is to be done' });
  }
}

/** Absolute: a relative path would mean the owner's directory. Clients resolve it against their own. */
async function existingDirectory(path: string | undefined): Promise<string> {
  if (path === undefined || !isAbsolute(path)) {
    const what =
      path === undefined ? 'the workspace is missing' : `the workspace ${JSON.stringify(path)} is not absolute`;
    throw new AgentRuntimeError('INVALID_ARGUMENT', what, { hint: 'name a directory by its absolute path' });
  }
  const wrong = (why: string, cause?: unknown): AgentRuntimeError =>
    new AgentRuntimeError('INVALID_ARGUMENT', `the workspace ${JSON.stringify(path)} ${why}`, {
      hint: 'name an existing directory',
      ...(cause === undefined ? {} : { cause }),
    });
  if (path.includes('\0')) throw wrong('has a NUL in its name');
  const real = await realpath(path).catch((cause: unknown) => {
    throw wrong('does not exist', cause);
  });
  if (!(await stat(real)).isDirectory()) throw wrong('is not a directory');
  return real;
}
