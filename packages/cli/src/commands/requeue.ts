import {
  AgentRuntimeError,
  type ControlPlane,
  type SubmitRequest,
  type TaskSpec,
  type TaskView,
} from '@runtime/contracts';
import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { findTask } from '../plane/find-task.ts';
import { formatTask } from '../render/task.ts';
import { addCommand } from '../invocation/add-command.ts';
import { parentRun } from './task-request.ts';

/** `runtime requeue`. */
export function registerRequeue(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'requeue <task>',
    description: 'run an ended task again, as a new task that refers to the old one',
    body: async (context, [id]) => {
      const { out, signal } = context;
      const plane = await context.writing();
      const before = await findTask(plane, id);
      const spec = await specOf(plane, before, signal);
      const { continueOf: _, ...same } = spec;
      const request: SubmitRequest = { ...same, retryOf: before.id, ...parentRun(context.deps.env) };
      const task = await plane.submit(request, { signal });
      const view = await task.status({ signal });
      await out.document(view);
      await out.line(formatTask(view, Date.now(), out.colours)[0]);
    },
  });
}

async function specOf(plane: ControlPlane, { id, status }: TaskView, signal: AbortSignal): Promise<TaskSpec> {
  if (status === 'queued' || status === 'running' || status === 'waiting') {
    throw new AgentRuntimeError('CONFLICT', `${id} has not ended; it is ${status}`, {
      hint: `runtime cancel ${id} --wait ends it`,
    });
  }
  for await (const event of plane.task(id).events({ follow: false, signal })) {
    if (event.type === 'task.submitted') return event.spec;
  }
  throw new AgentRuntimeError('DATA_CORRUPT', `the log has no submission of ${id}`);
}
