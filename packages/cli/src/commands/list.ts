import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AgentRuntimeError, taskStatusSchema, type ControlPlane, type TaskStatus } from '@runtime/contracts';
import { z } from 'zod';
import { labelsOf } from '../arguments/label.ts';
import { parseKnown } from '../arguments/known.ts';
import { optionValue } from '../arguments/option-value.ts';
import type { CommandContext } from '../invocation/context.ts';
import { defined } from '../defined.ts';
import { findTask } from '../plane/find-task.ts';
import { formatTask } from '../render/task.ts';
import { formatTaskList } from '../render/task-list.ts';
import type { Handler } from '../invocation/handle.ts';

const listOptionsSchema = z.object({
  status: z.string().optional(),
  workspace: z.string().optional(),
  label: z.array(z.tuple([z.string(), z.string()])).optional(),
  limit: z.int().default(50),
});

const parseStatuses = (text: string): TaskStatus[] =>
  parseKnown(text, 'status', taskStatusSchema.options).map((word) => taskStatusSchema.parse(word));

/** A plane for reading; undefined for a data directory that does not exist yet, which simply has no tasks. */
async function readingIfThere(context: CommandContext): Promise<ControlPlane | undefined> {
  try {
    return await context.reading();
  } catch (error) {
    if (AgentRuntimeError.isInstance(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** `runtime list`. */
export const list: Handler = async (context, _args, given) => {
  const { out, signal, starts } = context;
  const { status: words, limit, workspace: path, label } = listOptionsSchema.parse(given);
  const status = optionValue('list --status', words, parseStatuses);
  const workspace = path === undefined ? undefined : await realDirectory(resolve(context.deps.cwd, path));
  const labels = labelsOf(label);
  const plane = await readingIfThere(context);
  const views = (await plane?.tasks(defined({ limit, signal, status, workspace, labels }))) ?? [];
  await out.document(views);
  if (out.quiet) return out.bare(views.map(({ id }) => id).join('\n'));
  if (views.length === 0) {
    const filtered = status ?? workspace ?? labels;
    return out.line(
      filtered === undefined
        ? context.spoken('there are no tasks; runtime run "<prompt>" starts one')
        : 'no task is like that',
    );
  }
  for (const line of formatTaskList(views, Date.now(), out.colours, out.columns, starts)) await out.line(line);
};

/** `runtime status`. */
export const status: Handler = async (context, [id]) => {
  const { out, program, starts } = context;
  const view = await findTask(context, await context.reading(), id);
  await out.document(view);
  if (out.quiet) return out.bare(view.status);
  const { mount } = context.deps;
  const style = { now: Date.now(), colours: out.colours, columns: out.columns, program, mount, starts };
  for (const line of formatTask(view, style)) await out.line(line);
};

async function realDirectory(path: string): Promise<string> {
  // A workspace may be gone since; then its tasks have this very path.
  return realpath(path).catch(() => path);
}
