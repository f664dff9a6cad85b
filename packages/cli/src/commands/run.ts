import type { ControlPlane, RunOutcome } from '@runtime/contracts';
import { z } from 'zod';
import type { CommandContext } from '../invocation/context.ts';
import { usageError } from '../arguments/usage-error.ts';
import { exitCodeOfOutcome, exitCodes } from '../exit-codes.ts';
import { concurrencyOf } from '../config/concurrency.ts';
import { openOwnPlane } from '../plane/own-plane.ts';
import { refuseOwnTask } from '../plane/refuse-own-task.ts';
import { prepareTask, submitTask, type PreparedTask } from './submit.ts';
import { completeRequest } from './task-request.ts';
import { watchTask, type WatchOptions } from './watch-task.ts';
import { shortId } from '../render/short-id.ts';
import type { Handler } from '../invocation/handle.ts';

const runOptionsSchema = z.object({
  foreground: z.boolean().default(false),
  output: z.enum(['last']).optional(),
});

const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `runtime run`. */
export const run: Handler = async (context, [prompt], given) => {
  const { foreground, output } = runOptionsSchema.parse(given);
  if (output !== undefined && context.out.json)
    throw usageError('--output and --json are two ways to print', 'use one of them');
  const prepared = await prepareTask(context, 'run', prompt, given);
  const watching = { onlyLast: output === 'last' };
  return foreground ? runInForeground(context, prepared, watching) : runDetached(context, prepared, watching);
};

/** How a task is shown: whole, or by its last message alone. */
type Watching = Pick<WatchOptions, 'onlyLast'>;

async function runDetached(context: CommandContext, prepared: PreparedTask, watching: Watching): Promise<number> {
  const { deps, program } = context;
  const stopListening = deps.onSignal(endSignals, () => context.interrupt());
  const { plane, task } = await submitTask(context, prepared).finally(stopListening);
  // By its key it may be a task that is there already.
  await refuseOwnTask(context, plane, [task.id]);
  const detach = new AbortController();
  const signal = AbortSignal.any([detach.signal, context.signal]);
  const secondInterrupt = new AbortController();
  const told = new AbortController();
  const unsubscribe = deps.onSignal(endSignals, (name) => {
    const isFirst = !detach.signal.aborted;
    detach.abort(new DOMException('detached', 'AbortError'));
    if (name === 'SIGINT' && isFirst) return;
    if (name === 'SIGINT') secondInterrupt.abort();
    else {
      // The program is to end, and not the task. Another signal then meets no listener.
      told.abort();
      unsubscribe();
    }
    // Watching may hang on a full pipe: end that, too.
    context.interrupt();
  });
  try {
    const outcome = await watchUntil(context, plane, task.id, {
      ...watching,
      signal,
      reconnect: (lost) => context.writing({ lost }),
    });
    if (outcome !== undefined) return exitCodeOfOutcome(outcome);
    if (!detach.signal.aborted) return exitCodes.succeeded;
    const id = shortId(task.id);
    context.out.note(context.spoken(`detached; the task goes on. To watch it again: ${program} watch ${id}`));
    if (!told.signal.aborted) context.out.note('Press Ctrl-C again now to cancel the task.');
    const over = AbortSignal.any([secondInterrupt.signal, told.signal]);
    if ((await abortsWithin(over, deps.detachWindowMs ?? 2000)) && secondInterrupt.signal.aborted) {
      await task.cancel({ by: 'cli', why: 'second Ctrl-C' });
      context.out.note(context.spoken(`cancel requested; ${program} watch ${id} shows how it ends`));
    }
    return exitCodes.interrupted;
  } finally {
    unsubscribe();
  }
}

async function runInForeground(context: CommandContext, prepared: PreparedTask, watching: Watching): Promise<number> {
  const { deps, program } = context;
  const stop = new AbortController();
  const unsubscribe = deps.onSignal(endSignals, () => stop.abort(new DOMException('stopped', 'AbortError')));
  try {
    // To be asked to leave is to be told to stop: the task goes on with the next owner.
    const leave = (): void => stop.abort(new DOMException('asked to leave', 'AbortError'));
    const plane = await openOwnPlane(context, concurrencyOf((await context.config()).config), leave);
    const task = await plane.submit(await completeRequest(context, plane, prepared.request, prepared.options), {
      signal: stop.signal,
    });
    const signal = AbortSignal.any([stop.signal, context.signal]);
    const outcome = await watchUntil(context, plane, task.id, { ...watching, signal });
    if (outcome !== undefined) return exitCodeOfOutcome(outcome);
    context.out.note(`stopped; the agent goes on. The next owner continues the task${context.starts}.`);
    context.out.note(context.spoken(`To end the task: ${program} cancel ${shortId(task.id)}`));
    return exitCodes.interrupted;
  } finally {
    unsubscribe();
  }
}

/** Watches a task. Returns undefined when `signal` ended the watching, whatever the reader threw because of it. */
async function watchUntil(
  context: CommandContext,
  plane: ControlPlane,
  taskId: string,
  options: WatchOptions,
): Promise<RunOutcome | undefined> {
  try {
    return await watchTask(context, plane, taskId, options);
  } catch (error) {
    if (options.signal.aborted) return undefined;
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
