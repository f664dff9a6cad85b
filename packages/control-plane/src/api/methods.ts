import { AgentRuntimeError, decisionSchema, idSchema, instructionLevelSchema } from '@runtime/contracts';
import { z } from 'zod';
import { parseWith } from '../client/parse.ts';
import type { Plane } from '../plane/plane.ts';
import { actParams, cancel, close, interrupt } from './act.ts';
import { answer } from './answer.ts';
import { send, sendParamsSchema } from './instruct.ts';
import { listed, listParamsSchema } from './list-tasks.ts';
import { levelOf, waitForLevel, waitForOutcome } from './receipts.ts';
import { submit } from './submit.ts';

interface Method {
  readonly params: z.ZodType;
  call(plane: Plane, params: never, signal: AbortSignal): Promise<unknown>;
}

function method<S extends z.ZodType>(
  params: S,
  call: (plane: Plane, params: z.output<S>, signal: AbortSignal) => Promise<unknown>,
): Method {
  return { params, call };
}

const taskParams = { taskId: idSchema };

/**
 * Everything that can be asked of a plane, as plain data in and out: in this process, over the socket, from another
 * copy of this module.
 */
const methods: Readonly<Record<string, Method>> = {
  // The request is parsed by `submit` itself, which names the fields that do not fit.
  submit: method(z.looseObject({}), submit),
  'task.status': method(z.strictObject(taskParams), async (plane, { taskId }) => plane.view(taskId)),
  'task.outcome': method(z.strictObject(taskParams), waitForOutcome),
  'task.send': method(sendParamsSchema, send),
  'task.level': method(z.strictObject({ ...taskParams, instructionId: idSchema }), levelOf),
  'task.reached': method(
    z.strictObject({ ...taskParams, instructionId: idSchema, level: instructionLevelSchema }),
    waitForLevel,
  ),
  'task.interrupt': method(z.strictObject(actParams), interrupt),
  'task.cancel': method(z.strictObject(actParams), cancel),
  'task.close': method(z.strictObject(actParams), close),
  'task.answer': method(
    z.strictObject({ ...actParams, approvalId: z.string().min(1).max(512), decision: decisionSchema }),
    answer,
  ),
  'tasks.list': method(listParamsSchema, async (plane, params) => listed(plane.views(), params)),
  runtimes: method(z.strictObject({ refresh: z.boolean().default(false) }), (plane, { refresh }) =>
    plane.reports(refresh),
  ),
};

/** Calls a method by name. NOT_FOUND for an unknown method, INVALID_ARGUMENT for parameters that do not fit. */
export async function callMethod(plane: Plane, name: string, params: unknown, signal: AbortSignal): Promise<unknown> {
  const found = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!found) throw new AgentRuntimeError('NOT_FOUND', `there is no method ${JSON.stringify(name.slice(0, 80))}`);
  return found.call(plane, parseWith(found.params, params, name) as never, signal);
}
