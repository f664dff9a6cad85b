import { AgentRuntimeError, taskStatusSchema, type ControlPlane } from '@runtime/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import { usageError } from '../arguments/usage-error.ts';
import type { CommandContext } from '../invocation/context.ts';
import { defined } from '../defined.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { findTask } from '../plane/find-task.ts';
import { formatTask, formatTaskList } from '../render/task.ts';
import { addCommand, parsedOption } from '../invocation/add-command.ts';

const listOptionsSchema = z.object({ status: z.array(taskStatusSchema).optional(), limit: z.int().default(50) });

function parseStatuses(text: string): string[] {
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !taskStatusSchema.safeParse(word).success);
  if (unknown !== undefined)
    throw usageError(
      `${JSON.stringify(unknown)} is not a status`,
      `the statuses are ${taskStatusSchema.options.join(', ')}`,
    );
  return words;
}

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
    description: 'list the tasks, newest first',
    options: (command) =>
      command
        .addOption(
          parsedOption('--status <statuses>', 'show only tasks with these statuses: running,waiting', parseStatuses),
        )
        .addOption(parsedOption('--limit <count>', 'show at most this many (default: 50)', parseLimit)),
    body: async (context, _args, given) => {
      const { status, limit } = listOptionsSchema.parse(given);
      const plane = await readingIfThere(context);
      const views = (await plane?.tasks(defined({ limit, signal: context.signal, status }))) ?? [];
      await context.out.document(views);
      if (views.length === 0) return context.out.line('there are no tasks; runtime run "<prompt>" starts one');
      for (const line of formatTaskList(views, Date.now(), context.out.colours, context.out.columns))
        await context.out.line(line);
    },
  });
  addCommand(parent, deps, {
    usage: 'status <task>',
    description: 'show a task: its runs, instructions, open approvals and outcome',
    body: async (context, [id]) => {
      const view = await findTask(await context.reading(), id);
      await context.out.document(view);
      for (const line of formatTask(view, Date.now(), context.out.colours)) await context.out.line(line);
    },
  });
}
