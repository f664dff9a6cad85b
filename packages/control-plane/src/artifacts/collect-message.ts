import type { TaskEventOf } from '@runtime/contracts';
import type { RunState } from '@runtime/contracts/fold';
import { taskStream, type EventLog } from '@runtime/contracts/log';
import type { Task } from '../task/task.ts';
import { Collected } from './collected.ts';
import { keepContent } from './keep-content.ts';

type Message = TaskEventOf<'message.completed'>;

/**
 * Stores the whole text of the last message of a run that is about to end. `heard` is that message, where it was read by
 * this process; with `inLog` it may also have been read by an earlier one. A store that fails ends no work: it is a
 * refusal.
 */
export async function collectMessage(
  task: Task,
  run: RunState,
  { heard, inLog }: { readonly heard?: Message | undefined; readonly inLog: boolean },
): Promise<Collected> {
  const { ctx, id } = task;
  const from = { origin: 'message', runId: run.runId } as const;
  const isLooked = inLog && task.state.lastMessage !== undefined;
  const message = heard ?? (isLooked ? await lastMessage(ctx.log, id, run.runId) : undefined);
  if (!message) return new Collected(from);
  const name = `runs/${run.generation}/message.md`;
  const isWhole = message.omittedChars === undefined;
  const parts = await keepContent(task, { name, mediaType: 'text/markdown' }, () =>
    isWhole ? Buffer.from(message.text) : wholeText(ctx.log, id, message),
  );
  await ctx.failpoint('message.stored');
  return new Collected(from, parts);
}

/** False for a message that says nothing. */
export const isSaid = ({ text }: Message): boolean => text.trim() !== '';

async function lastMessage(log: EventLog, taskId: string, runId: string): Promise<Message | undefined> {
  let last: Message | undefined;
  for await (const events of log.read({ stream: taskStream(taskId) })) {
    for (const event of events) {
      if (!isOf(event, 'message.completed') || event.runId !== runId) continue;
      if (isSaid(event)) last = event;
    }
  }
  return last;
}

/** Of a message that is longer than an event, from its increments. */
async function* wholeText(log: EventLog, taskId: string, { messageId, runId }: Message): AsyncGenerator<Uint8Array> {
  // A character of two units may be in two of them.
  let half = '';
  for await (const events of log.read({ stream: taskStream(taskId) })) {
    for (const event of events) {
      if (!isOf(event, 'text.delta') || event.runId !== runId || event.messageId !== messageId) continue;
      const text = half + event.text;
      half = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? '';
      const whole = text.slice(0, text.length - half.length);
      if (whole !== '') yield Buffer.from(whole);
    }
  }
  if (half !== '') yield Buffer.from(half);
}

/** The events of the log were checked when they were written. */
function isOf<T extends 'message.completed' | 'text.delta'>(
  event: { readonly type: string },
  type: T,
): event is TaskEventOf<T> {
  return event.type === type;
}
