import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  AgentRuntimeError,
  maxInstructionChars,
  submitRequestSchema,
  taskSpecSchema,
  type Part,
  type Target,
} from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { Plane } from '../plane/plane.ts';
import type { Submission } from '../plane/submissions.ts';
import { parseWith } from '../client/parse.ts';
import { ancestorsOf } from './ancestors.ts';
import { refuseFaults } from './refuse-faults.ts';

/** Submits a caller's request. Resolves once the task is durable. */
export async function submit(plane: Plane, request: unknown): Promise<{ id: string }> {
  const { adapters } = plane.ctx;
  const submission = await parseSubmission(request, adapters, (taskId) => plane.continuedTarget(taskId));
  const { spec, key, parentRunId } = submission;
  const ancestors = parentRunId === undefined ? [] : ancestorsOf(plane, spec, parentRunId);
  // A known key stands for its task, whatever has become of what that needs.
  if (key === undefined || !plane.registry.keys.has(key)) await refuseFaults(spec, plane.ctx.runtimes);
  return { id: await plane.submissions.submit({ ...submission, ancestors }) };
}

/** Completes a request to the spec that is kept. Nothing is read from the workspace; it only has to exist. */
async function parseSubmission(
  input: unknown,
  adapters: ReadonlyMap<string, RuntimeAdapter>,
  targetOf: (taskId: string) => Target | undefined,
): Promise<Submission & { readonly parentRunId?: string }> {
  const { key, prompt, workspace, runtimes, parentRunId, ...rest } = parseWith(
    submitRequestSchema,
    input,
    'the request is not valid',
  );
  const parts = typeof prompt === 'string' ? [{ type: 'text', text: prompt } as const] : prompt;
  checkPrompt(parts);
  const targets =
    rest.continueOf === undefined ? targetsOf(runtimes, adapters) : [continuedTarget(rest.continueOf, targetOf)];
  const spec = parseWith(
    taskSpecSchema,
    { ...rest, prompt: parts, workspace: await existingDirectory(workspace ?? '.'), runtimes: targets },
    'the request is not valid',
  );
  return { spec, ...(key === undefined ? {} : { key }), ...(parentRunId === undefined ? {} : { parentRunId }) };
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

function targetsOf(
  wanted: readonly (string | Target)[] | undefined,
  adapters: ReadonlyMap<string, RuntimeAdapter>,
): Target[] {
  const targets = (wanted ?? [...adapters.keys()]).map((each) => (typeof each === 'string' ? { runtime: each } : each));
  const unknown = targets.find(({ runtime }) => !adapters.has(runtime));
  if (unknown) {
    throw new AgentRuntimeError('NOT_FOUND', `no runtime ${JSON.stringify(unknown.runtime)} is configured`, {
      hint: `configured: ${[...adapters.keys()].join(', ') || 'none'}`,
    });
  }
  if (targets.length === 0) {
    throw new AgentRuntimeError('UNAVAILABLE', 'no runtime is configured', {
      hint: 'runtime doctor shows what was looked for',
    });
  }
  return targets;
}

function continuedTarget(taskId: string, targetOf: (taskId: string) => Target | undefined): Target {
  const target = targetOf(taskId);
  if (target) return target;
  throw new AgentRuntimeError('CONFLICT', `task ${taskId} has no conversation that can be continued`, {
    hint: 'it must have ended, on a runtime that can resume; submit a new task instead',
  });
}

async function existingDirectory(path: string): Promise<string> {
  const wrong = (why: string, cause?: unknown): AgentRuntimeError =>
    new AgentRuntimeError('INVALID_ARGUMENT', `the workspace ${JSON.stringify(path)} ${why}`, {
      hint: 'name an existing directory',
      ...(cause === undefined ? {} : { cause }),
    });
  if (path.includes('\0')) throw wrong('has a NUL in its name');
  const real = await realpath(resolve(path)).catch((cause: unknown) => {
    throw wrong('does not exist', cause);
  });
  if (!(await stat(real)).isDirectory()) throw wrong('is not a directory');
  return real;
}
