import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AgentRuntimeError, taskStatusSchema, type ControlPlane } from '@runtime/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import { parsePath } from '../arguments/path.ts';
import { labelsOf, parseLabel } from '../arguments/label.ts';
import { parseKnown } from '../arguments/known.ts';
import { usageError } from '../arguments/usage-error.ts';
import type { CommandContext } from '../invocation/context.ts';
import { defined } from '../defined.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { findTask } from '../plane/find-task.ts';
import { formatTask } from '../render/task.ts';
import { formatTaskList } from '../render/task-list.ts';
import { addCommand, parsedOption, repeatedOption } from '../invocation/add-command.ts';

const listOptionsSchema = z.object({
  status: z.array(taskStatusSchema).optional(),
  workspace: z.string().optional(),
  label: z.array(z.tuple([z.string(), z.string()])).optional(),
  limit: z.int().default(50),
});

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000)
    throw usageError(`expected a number from 1 to 100000, not ${JSON.stringify(text)}`);
  return limit;
}

/** A plane for reading; undefined for a data directory that does not exist yet, which simply has no tasks. */
async function readingIfThere(context: CommandContext): Promise<ControlPlane | undefined> {
  try {
    return await context.reading();
  } catch (error) {
    if (AgentRuntimeError.isInstance(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** `runtime list` and `runtime status`. */
export function registerList(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'list',
    aliases: ['ls', 'ps'],
    description: 'list the tasks, newest first',
    examples: ['list --workspace .', 'list --status running,waiting', 'list -q --label team=web'],
    options: (command) =>
      command
        .addOption(
          parsedOption('--status <statuses>', 'show only tasks with these statuses: running,waiting', (text) =>
            parseKnown(text, 'status', taskStatusSchema.options),
          ),
        )
        .addOption(parsedOption('--workspace <path>', 'show only tasks that work in this directory', parsePath))
        .addOption(
          repeatedOption('--label <label>', 'show only tasks with this label: name=value; repeatable', parseLabel),
        )
        .addOption(parsedOption('--limit <count>', 'show at most this many (default: 50)', parseLimit)),
    body: async (context, _args, given) => {
      const { out, signal, starts } = context;
      const { status, limit, workspace: path, label } = listOptionsSchema.parse(given);
      const workspace = path === undefined ? undefined : await realDirectory(resolve(deps.cwd, path));
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
    },
  });
  addCommand(parent, deps, {
    usage: 'status <task>',
    description: 'show a task: what it waits for, its runs, instructions, open approvals and outcome',
    examples: ['status last', 'status k3f9x2 --json', 'status k3f9x2 -q'],
    body: async (context, [id]) => {
      const { out, program, starts } = context;
      const view = await findTask(context, await context.reading(), id);
      await out.document(view);
      if (out.quiet) return out.bare(view.status);
      const { mount } = deps;
      const style = { now: Date.now(), colours: out.colours, columns: out.columns, program, mount, starts };
      for (const line of formatTask(view, style)) await out.line(line);
    },
  });
}

async function realDirectory(path: string): Promise<string> {
  // A workspace may be gone since; then its tasks have this very path.
  return realpath(path).catch(() => path);
}
