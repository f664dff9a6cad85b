import { AgentRuntimeError, type ControlPlane, type SubmitRequest, type TaskHandle } from '@runtime/contracts';
import type { CommandContext } from '../invocation/context.ts';
import { shortId } from '../render/short-id.ts';
import { readText } from './read-text.ts';
import { parseTaskOptions, type TaskOptions } from './task-options.ts';
import { noteUnset } from './for-plane.ts';
import { completeRequest, composeRequest, parentRun } from './task-request.ts';
import type { Handler } from '../invocation/handle.ts';

/** A request that was read and checked as far as possible without a plane. */
export interface PreparedTask {
  readonly request: SubmitRequest;
  readonly options: TaskOptions;
}

/** Reads and checks the prompt, the options and the configuration, before anything is started. */
export async function prepareTask(
  context: CommandContext,
  command: 'run' | 'submit',
  argument: string | undefined,
  given: Record<string, unknown>,
): Promise<PreparedTask> {
  const options = parseTaskOptions(command, given);
  const loaded = await context.config();
  const source = { name: 'prompt', argument, file: options.promptFile } as const;
  const prompt = await readText(context.deps, source, context.signal);
  const request = {
    ...composeRequest(prompt, options, loaded, context.deps.cwd),
    ...(await parentRun(context.deps)),
  };
  noteUnset(context, request);
  return { request, options };
}

/** Submits the task to the owner. Tries a second time after a lost connection, which the key makes harmless. */
export async function submitTask(
  context: CommandContext,
  { request, options }: PreparedTask,
): Promise<{ readonly plane: ControlPlane; readonly task: TaskHandle }> {
  const submit = async (): Promise<{ plane: ControlPlane; task: TaskHandle }> => {
    const plane = await context.writing();
    const complete = await completeRequest(context, plane, request, options);
    return { plane, task: await plane.submit(complete, { signal: context.signal }) };
  };
  try {
    return await submit();
  } catch (error) {
    const lost = AgentRuntimeError.isInstance(error) && ['UNAVAILABLE', 'OUTCOME_UNKNOWN'].includes(error.code);
    // Most likely the owner exited between two calls because it was idle.
    if (!lost || context.signal.aborted) throw error;
    await context.close();
    return submit();
  }
}

/** `runtime submit`. */
export const submit: Handler = async (context, [prompt], given) => {
  const { task } = await submitTask(context, await prepareTask(context, 'submit', prompt, given));
  const { out, program } = context;
  if (out.json) return out.document(await task.status({ signal: context.signal }));
  await out.bare(task.id);
  if (out.live) out.remark(context.spoken(`to watch it: ${program} watch ${shortId(task.id)}`));
};
