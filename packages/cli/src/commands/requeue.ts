import {
  AgentRuntimeError,
  type ControlPlane,
  type SubmitRequest,
  type TaskSpec,
  type TaskView,
} from '@runtime/contracts';
import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import type { CommandContext } from '../invocation/context.ts';
import { findTask } from '../plane/find-task.ts';
import { shortId } from '../render/short-id.ts';
import { parentRun } from './task-request.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime requeue`. */
export function registerRequeue(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'requeue <task>',
    description: 'run an ended task again, as a new task, and print its id',
    examples: ['requeue last', 'watch $(runtime requeue k3f9x2)'],
    body: async (context, [id]) => {
      const { out, signal } = context;
      const plane = await context.writing();
      const before = await findTask(context, plane, id);
      const spec = await specOf(context, plane, before);
      const { continueOf: _, ...same } = spec;
      const request: SubmitRequest = { ...same, ...parentRun(deps.env), retryOf: before.id };
      const task = await plane.submit(request, { signal });
      const view = await task.status({ signal });
      await out.document(view);
      await out.line(task.id);
      if (out.live) out.remark(`to watch it: ${context.program} watch ${shortId(task.id)}`);
    },
  });
}

async function specOf(
  { signal, program }: CommandContext,
  plane: ControlPlane,
  { id, status }: TaskView,
): Promise<TaskSpec> {
  if (status === 'queued' || status === 'running' || status === 'waiting') {
    throw new AgentRuntimeError('CONFLICT', `${shortId(id)} has not ended; it is ${status}`, {
      hint: `${program} cancel ${shortId(id)} --wait ends it`,
    });
  }
  for await (const event of plane.task(id).events({ follow: false, signal })) {
    if (event.type === 'task.submitted') return event.spec;
  }
  throw new AgentRuntimeError('DATA_CORRUPT', `the log has no submission of ${id}`);
}
