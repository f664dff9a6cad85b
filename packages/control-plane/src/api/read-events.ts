import { idSchema, throwIfAborted } from '@runtime/contracts';
import { taskStream, type EventLog, type StoredEvent } from '@runtime/contracts/log';
import { z } from 'zod';
import { parseWith } from '../client/parse.ts';
import { noSuchTask } from '../plane/task-registry.ts';
import type { ReadPort } from './ports.ts';

const eventsParamsSchema = z.strictObject({
  taskId: idSchema.optional(),
  after: z.string().max(200).optional(),
  follow: z.boolean().default(true),
  types: z.array(z.string().min(1).max(100)).min(1).max(64).optional(),
  waitingRunId: idSchema.optional(),
});

/** What ends a reading. */
export interface Ending {
  /** The reader wants no more: the reading returns. */
  readonly signal: AbortSignal | undefined;
  /** The plane closes: the reading throws its reason, since more was to come. */
  readonly closing: AbortSignal;
}

/**
 * Events with their cursors, batch by batch. The events of a task end after `task.ended`; where it is removed before that
 * was read, with NOT_FOUND.
 */
export async function* readEvents(
  reader: ReadPort,
  params: unknown,
  { signal: wanted, closing }: Ending,
): AsyncIterable<readonly unknown[]> {
  const { taskId, after, follow, waitingRunId, types } = parseWith(eventsParamsSchema, params, 'events');
  const { log } = reader;
  if (taskId !== undefined) reader.requireTask(taskId);
  using removal = taskId === undefined ? undefined : reader.watchRemoval(taskId);
  const ends = [wanted, closing, removal?.signal].filter((each) => each !== undefined);
  const signal = AbortSignal.any(ends);
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
      const wantedEvents = types ? events.filter(({ type }) => isOneOf(types, type)) : events;
      if (wantedEvents.length > 0)
        yield wantedEvents.map((event) => ({ ...event, cursor: log.cursor(event.position) }));
      if (taskId !== undefined && events.at(-1)?.type === 'task.ended') return;
    }
  } finally {
    wait?.end();
  }
  if (taskId !== undefined && removal?.signal.aborted && !wanted?.aborted) throw noSuchTask(taskId);
  wait?.refused.throwIfAborted();
  if (options.follow && !wanted?.aborted) throwIfAborted(closing);
}

const isOneOf = (types: readonly string[], type: string): boolean =>
  types.some((each) => (each.endsWith('*') ? type.startsWith(each.slice(0, -1)) : type === each));

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
