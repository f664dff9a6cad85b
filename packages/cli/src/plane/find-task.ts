import { realpath } from 'node:fs/promises';
import { AgentRuntimeError, idSchema, type ControlPlane, type TaskView } from '@runtime/contracts';
import { usageError } from '../arguments/usage-error.ts';
import type { Output } from '../render/output.ts';
import { shortId } from '../render/short-id.ts';
import { sanitizeLine } from '../sanitize.ts';

/** From where a task is named. */
export interface FindContext {
  readonly deps: { readonly cwd: string };
  readonly out: Output;
}

const minPartLength = 4;

/**
 * Finds a task by its id, by any unique part of its id, or by `last`: the newest one of the current directory, which is
 * then named on stderr.
 * Throws NOT_FOUND, and INVALID_ARGUMENT for an ambiguous part or a text that cannot be an id.
 */
export async function findTask(context: FindContext, plane: ControlPlane, text: string | undefined): Promise<TaskView> {
  if (text === undefined)
    throw usageError('the task is missing', 'runtime list shows the tasks; last stands for the newest one here');
  if (text.toLowerCase() === 'last') return findLast(context, plane);
  const id = text.toLowerCase();
  if (!idSchema.safeParse(id).success) throw usageError(`${JSON.stringify(text)} is not a task id`);
  try {
    return await plane.task(id).status();
  } catch (error) {
    if (!AgentRuntimeError.isInstance(error) || error.code !== 'NOT_FOUND') throw error;
    const found = await findByPart(plane, id);
    if (found) return found;
    const hint =
      id.length < minPartLength
        ? `give at least ${minPartLength} characters of the id; runtime list shows the tasks`
        : 'runtime list shows the tasks';
    throw new AgentRuntimeError('NOT_FOUND', `there is no task ${JSON.stringify(text)}`, { hint });
  }
}

/** The end of an id is what lists show, so a task that ends with the part comes before one that only holds it. */
async function findByPart(plane: ControlPlane, part: string): Promise<TaskView | undefined> {
  const holding = await plane.tasks({ idPart: part });
  const long = part.length >= minPartLength;
  const ways = [
    holding.filter(({ id }) => long && id.endsWith(part)),
    holding.filter(({ id }) => id.startsWith(part) || id.startsWith(`task-${part}`)),
    holding.filter(() => long),
  ];
  const matches = ways.find((way) => way.length > 0) ?? [];
  if (matches.length <= 1) return matches[0];
  const ids = matches.map(({ id }) => id);
  const shown = matches.slice(0, 5).map(({ id, title }) => `${shortId(id, ids)} (${sanitizeLine(title, 30)})`);
  throw usageError(`${part} stands for ${matches.length} tasks`, `give more of the id: ${shown.join(', ')}`);
}

async function findLast({ deps, out }: FindContext, plane: ControlPlane): Promise<TaskView> {
  const workspace = await realpath(deps.cwd).catch(() => deps.cwd);
  const [newest] = await plane.tasks({ workspace, limit: 1 });
  if (newest) {
    out.remark(`last is ${shortId(newest.id)}: ${sanitizeLine(newest.title, Math.max(20, out.columns - 20))}`);
    return newest;
  }
  const [elsewhere] = await plane.tasks({ limit: 1 });
  if (!elsewhere)
    throw new AgentRuntimeError('NOT_FOUND', 'there are no tasks yet', { hint: 'runtime run "<prompt>" starts one' });
  throw new AgentRuntimeError('NOT_FOUND', `no task has worked in ${sanitizeLine(workspace, 1000)}`, {
    hint: `the newest one elsewhere is ${shortId(elsewhere.id)}, in ${sanitizeLine(elsewhere.workspace, 1000)}`,
  });
}
