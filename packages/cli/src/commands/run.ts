import type { ControlPlane, RunOutcome } from '@runtime/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../invocation/context.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { exitCodeOfOutcome, exitCodes } from '../exit-codes.ts';
import { addCommand } from '../invocation/add-command.ts';
import { openOwnPlane } from '../plane/own-plane.ts';
import { prepareTask, submitTask, type PreparedTask } from './submit.ts';
import { addTaskOptions } from './task-options.ts';
import { completeRequest } from './task-request.ts';
import { watchTask } from './watch.ts';

const runOptionsSchema = z.object({ foreground: z.boolean().default(false), quiet: z.boolean().default(false) });

/** `runtime run`. */
export function registerRun(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'run [prompt]',
    description: 'submit a task and watch it until it ends',
    options: (command) =>
      addTaskOptions(command)
        .option('-q, --quiet', 'show nothing but what the agent says')
        .option('--foreground', 'own the data directory in this process, for containers and tests'),
    details:
      'Ctrl-C ends the watching, not the task; a second Ctrl-C at once cancels the task. The exit code is that of the task.',
    ownSignals: true,
    body: async (context, [prompt], given) => {
      const { foreground, quiet } = runOptionsSchema.parse(given);
      const prepared = await prepareTask(context, prompt, given);
      return foreground ? runInForeground(context, prepared, quiet) : runDetached(context, prepared, quiet);
    },
  });
}

async function runDetached(context: CommandContext, prepared: PreparedTask, quiet: boolean): Promise<number> {
  const { deps } = context;
  const early = deps.onSignal(['SIGINT'], () => context.interrupt());
  const { plane, task } = await submitTask(context, prepared).finally(early);
  const detach = new AbortController();
  const signal = AbortSignal.any([detach.signal, context.signal]);
  let interrupts = 0;
  const again = new AbortController();
  const unsubscribe = deps.onSignal(['SIGINT'], () => {
    interrupts += 1;
    if (interrupts === 1) detach.abort(new DOMException('detached', 'AbortError'));
    else {
      again.abort();
      // Also where the watching hangs on a reader that takes nothing.
      context.interrupt();
    }
  });
  try {
    const outcome = await watchUntil(context, plane, task.id, quiet, signal, () => context.writing());
    if (outcome !== undefined) return exitCodeOfOutcome(outcome);
    if (!detach.signal.aborted) return exitCodes.succeeded;
    context.out.note(
      `\ndetached: the task goes on. Come back with: runtime events -f ${task.id}\nCtrl-C again cancels the task.`,
    );
    if (await abortsWithin(again.signal, deps.detachWindowMs ?? 2000)) {
      await task.cancel({ by: 'cli', why: 'second Ctrl-C' });
      context.out.note(`cancel requested: runtime status ${task.id} shows how it ends`);
    }
    return exitCodes.interrupted;
  } finally {
    unsubscribe();
  }
}

async function runInForeground(context: CommandContext, prepared: PreparedTask, quiet: boolean): Promise<number> {
  const { deps } = context;
  const stop = new AbortController();
  const unsubscribe = deps.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () =>
    stop.abort(new DOMException('stopped', 'AbortError')),
  );
  try {
    const plane = await openOwnPlane(context, await context.config());
    const task = await plane.submit(await completeRequest(plane, prepared.request, prepared.options), {
      signal: stop.signal,
    });
    const signal = AbortSignal.any([stop.signal, context.signal]);
    const outcome = await watchUntil(context, plane, task.id, quiet, signal);
    if (outcome !== undefined) return exitCodeOfOutcome(outcome);
    context.out.note(
      `\nthis owner leaves; the agent goes on, and the next owner takes the task up again: runtime serve, or any command that writes. To end it: runtime cancel ${task.id}`,
    );
    return exitCodes.interrupted;
  } finally {
    unsubscribe();
  }
}

/** Watching that was ended by `signal` is no error, however the reader below it says so. */
async function watchUntil(
  context: CommandContext,
  plane: ControlPlane,
  taskId: string,
  quiet: boolean,
  signal: AbortSignal,
  reconnect?: () => Promise<ControlPlane>,
): Promise<RunOutcome | undefined> {
  try {
    return await watchTask(context, plane, taskId, { quiet, signal, reconnect });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function abortsWithin(signal: AbortSignal, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const done = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
