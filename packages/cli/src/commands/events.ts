import type { CursoredEvent } from '@runtime/contracts';
import { z } from 'zod';
import type { CommandContext } from '../invocation/context.ts';
import { parseKnown } from '../arguments/known.ts';
import { optionValue } from '../arguments/option-value.ts';
import { defined } from '../defined.ts';
import { findTask } from '../plane/find-task.ts';
import { callingRun } from '../plane/calling-run.ts';
import { followTask } from '../plane/follow-task.ts';
import { sayOwnerChanges } from '../plane/owner-changes.ts';
import { openForFollowing } from '../plane/open-for-following.ts';
import { refuseOwnTask } from '../plane/refuse-own-task.ts';
import { formatTime, summarizeEvent } from '../render/summary.ts';
import { eventTypes } from './event-types.ts';
import type { Handler } from '../invocation/handle.ts';

const eventsOptionsSchema = z.object({
  follow: z.boolean().default(false),
  after: z.string().optional(),
  type: z.array(z.string()).optional(),
});
type EventsCommandOptions = z.infer<typeof eventsOptionsSchema>;

/** `runtime events`. */
export const events: Handler = async (context, [task], given) => {
  const options = eventsOptionsSchema.parse(given);
  const wanted = typeFilter(options.type?.map((text) => optionValue('events --type', text, parseTypes) ?? []));
  for await (const event of readEvents(context, task, options)) {
    if (context.signal.aborted) return;
    if (!wanted(event.type)) continue;
    if (context.out.json) await context.out.record(event);
    else await context.out.bare(formatEvent(event, context, task === undefined));
  }
};

/** `runtime log`. */
export const log: Handler = async (context, _args, given) => {
  for await (const event of readEvents(context, undefined, eventsOptionsSchema.parse(given))) {
    if (context.signal.aborted) return;
    await context.out.record(event);
  }
};

const parseTypes = (text: string): string[] => parseKnown(text, 'type of event', eventTypes, { families: true });

async function* readEvents(
  context: CommandContext,
  task: string | undefined,
  { follow, after }: EventsCommandOptions,
): AsyncIterable<CursoredEvent> {
  const { signal } = context;
  const followed = await openForFollowing(context);
  const { plane, isOwned, reconnect } = followed;
  if (follow && !isOwned) context.out.remark(`no owner lives, so no task makes progress${context.starts}`);
  const stopSaying = follow && task !== undefined ? sayOwnerChanges(context, followed) : undefined;
  try {
    if (task === undefined) {
      yield* plane.events(defined({ after, follow, signal }));
      return;
    }
    const { id } = await findTask(context, plane, task);
    if (follow) await refuseOwnTask(context, plane, [id]);
    const waitingRunId = follow ? await callingRun(context.deps) : undefined;
    yield* followTask(plane, id, { after, follow, signal, reconnect, waitingRunId });
  } finally {
    await stopSaying?.();
  }
}

/** The test for the types of `--type`: `tool.*` matches every type that begins with `tool.`. @default every type */
function typeFilter(given: readonly (readonly string[])[] | undefined): (type: string) => boolean {
  if (given === undefined) return () => true;
  const patterns = given.flat();
  return (type) =>
    patterns.some((pattern) => (pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern));
}

function formatEvent(event: CursoredEvent, { out, options }: CommandContext, withStream: boolean): string {
  const c = out.colours;
  const stream = withStream ? ` ${c.dim(event.stream)}` : '';
  const summary = summarizeEvent(event, Math.max(options.verbose ? 2000 : 60, out.columns - 40));
  return `${c.dim(formatTime(event.time))}${stream} ${c.cyan(event.type)} ${summary}`.trimEnd();
}
