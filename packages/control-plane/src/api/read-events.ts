import { idSchema } from '@runtime/contracts';
import { taskStream, type EventLog, type StoredEvent } from '@runtime/contracts/log';
import { z } from 'zod';
import { parseWith } from '../client/parse.ts';
import type { ReadPort } from './ports.ts';

const eventsParamsSchema = z.strictObject({
  taskId: idSchema.optional(),
  after: z.string().max(200).optional(),
  follow: z.boolean().default(true),
  waitingRunId: idSchema.optional(),
});

/** Events with their cursors, batch by batch. The events of a task end after `task.ended`. */
export async function* readEvents(
  reader: ReadPort,
  params: unknown,
  signal: AbortSignal,
): AsyncIterable<readonly unknown[]> {
  const { taskId, after, follow, waitingRunId } = parseWith(eventsParamsSchema, params, 'events');
  const { log } = reader;
  if (taskId !== undefined) reader.requireTask(taskId);
  const over = taskId !== undefined && follow ? await endedBefore(log, taskId, after, signal) : false;
  const waits = taskId !== undefined && waitingRunId !== undefined && follow;
  const wait = waits ? reader.beginWait(taskId, waitingRunId) : undefined;
  const options = {
    ...(taskId === undefined ? {} : { stream: taskStream(taskId) }),
    ...(after === undefined ? {} : { after }),
    follow: follow && !over,
    signal: wait ? AbortSignal.any([signal, wait.refused]) : signal,
  };
  try {
    for await (const events of log.read(options)) {
      yield events.map((event) => ({ ...event, cursor: log.cursor(event.position) }));
      if (taskId !== undefined && events.at(-1)?.type === 'task.ended') return;
    }
  } finally {
    wait?.end();
  }
  wait?.refused.throwIfAborted();
}

/** Whether the task had ended before `after`: its reader has nothing to wait for. */
async function endedBefore(
  log: EventLog,
  taskId: string,
  after: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (after === undefined) return false;
  let last: StoredEvent | undefined;
  for await (const events of log.read({ stream: taskStream(taskId), signal })) last = events.at(-1);
  return last?.type === 'task.ended';
}
