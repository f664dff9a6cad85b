import { decisionSchema, idSchema, instructionLevelSchema, type RunOutcome } from '@runtime/contracts';
import { z } from 'zod';
import { collectGarbage } from '../artifacts/collect-garbage.ts';
import { noSuchMethod } from '../client/channel.ts';
import { parseWith } from '../client/parse.ts';
import type { Plane } from '../plane/plane.ts';
import { actParams, cancel, close, interrupt } from './act.ts';
import { answer } from './answer.ts';
import { send, sendParamsSchema } from './instruct.ts';
import { listParamsSchema } from './list-tasks.ts';
import { leave, leaveParamsSchema } from './leave.ts';
import type { Ports, ReadPort } from './ports.ts';
import { putArtifact, putParamsSchema } from './put-artifact.ts';
import { levelOf, waitForLevel } from './receipts.ts';
import { prune, pruneParamsSchema, remove, removeParamsSchema } from './remove.ts';
import { reportRuntimes, runtimesParamsSchema } from './report-runtimes.ts';
import { submit } from './submit.ts';

/** A call as it came over a channel. */
interface Call {
  readonly method: string;
  readonly params: unknown;
  readonly signal: AbortSignal;
}

type Method<Port> = (port: Port, call: Call) => Promise<unknown>;

function method<Port, S extends z.ZodType>(
  schema: S,
  answer: (port: Port, params: z.output<S>, signal: AbortSignal) => Promise<unknown>,
): Method<Port> {
  return async (port, { method, params, signal }) => answer(port, parseWith(schema, params, method), signal);
}

const taskParams = z.strictObject({ taskId: idSchema });
const waitParams = taskParams.extend({ waitingRunId: idSchema.optional() });
const instructionParams = taskParams.extend({ instructionId: idSchema });

/** What can be asked of any data directory, with an owner or without. */
export const readMethods: Readonly<Record<string, Method<ReadPort>>> = {
  'task.status': method(taskParams, (reader, { taskId }) => reader.view(taskId)),
  'task.outcome': method(waitParams, outcomeOf),
  'task.level': method(instructionParams, levelOf),
  'tasks.list': method(listParamsSchema, (reader, params) => reader.list(params)),
  info: method(z.strictObject({}), (reader) => reader.info()),
};

async function outcomeOf(
  reader: ReadPort,
  { taskId, waitingRunId }: z.output<typeof waitParams>,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const wait = waitingRunId === undefined ? undefined : reader.beginWait(taskId, waitingRunId);
  try {
    return await reader.outcome(taskId, wait ? AbortSignal.any([signal, wait.refused]) : signal);
  } finally {
    wait?.end();
  }
}

/** What only the owner of a data directory can do. */
export const ownerMethods: Readonly<Record<string, Method<Plane>>> = {
  // The request is parsed by `submit` itself, which names the fields that do not fit.
  submit: method(z.looseObject({}), submit),
  'task.send': method(sendParamsSchema, send),
  'task.reached': method(instructionParams.extend({ level: instructionLevelSchema }), waitForLevel),
  'task.interrupt': method(z.strictObject(actParams), interrupt),
  'task.cancel': method(z.strictObject(actParams), cancel),
  'task.close': method(z.strictObject(actParams), close),
  'task.answer': method(
    z.strictObject({ ...actParams, approvalId: z.string().min(1).max(512), decision: decisionSchema }),
    answer,
  ),
  'task.put': method(putParamsSchema, putArtifact),
  'artifacts.collect': method(
    z.strictObject({ dryRun: z.boolean().default(false) }),
    async (plane, { dryRun }, signal) => collectGarbage(plane.ctx.log, await plane.ctx.artifacts(), { dryRun, signal }),
  ),
  'task.remove': method(removeParamsSchema, remove),
  'tasks.prune': method(pruneParamsSchema, prune),
  leave: method(leaveParamsSchema, leave),
  runtimes: method(runtimesParamsSchema, reportRuntimes),
};

/**
 * Calls a method by name, with plain data in and out: in this process, over the socket, from another copy of this
 * module.
 * NOT_FOUND for an unknown method, INVALID_ARGUMENT for parameters that do not fit.
 */
export async function callMethod(ports: Ports, call: Call): Promise<unknown> {
  const reading = entry(readMethods, call.method);
  if (reading) return reading(ports.reader, call);
  const owning = entry(ownerMethods, call.method);
  if (owning) return owning(ports.owner(call.method), call);
  throw noSuchMethod(call.method);
}

/** The names come from outside: one may be called `constructor`. */
function entry<T>(methods: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}
