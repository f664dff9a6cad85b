import type { CursoredEvent } from '@runtime/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import { connectForReading, connectIfOwned } from '../plane/connect.ts';
import type { CommandContext } from '../invocation/context.ts';
import { defined } from '../defined.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { findTask } from '../plane/find-task.ts';
import { followTask } from '../plane/follow-task.ts';
import { formatTime, summarizeEvent } from '../render/summary.ts';
import { addCommand, repeatedOption } from '../invocation/add-command.ts';

const eventsOptionsSchema = z.object({
  follow: z.boolean().default(false),
  after: z.string().optional(),
  type: z.array(z.string()).optional(),
});
type EventsCommandOptions = z.infer<typeof eventsOptionsSchema>;

const addReadingOptions = (command: Command): Command =>
  command
    .option('-f, --follow', 'wait for new events; for a task, until task.ended')
    .option('--after <cursor>', 'start after this cursor of an event; now shows new events only');

/** `runtime events` and `runtime log`. */
export function registerEvents(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'events [task]',
    description: 'show the events of a task, or of the whole log',
    options: (command) =>
      addReadingOptions(command).addOption(
        repeatedOption(
          '--type <types>',
          'show only these types: tool.started,run.ended or tool.*; repeatable',
          (text) => text,
        ),
      ),
    body: async (context, [task], given) => {
      const options = eventsOptionsSchema.parse(given);
      const wanted = typeFilter(options.type);
      for await (const event of readEvents(context, task, options)) {
        if (context.signal.aborted) return;
        if (!wanted(event.type)) continue;
        if (context.out.json) await context.out.record(event);
        else await context.out.line(formatEvent(event, context, task === undefined));
      }
    },
  });
  addCommand(parent, deps, {
    usage: 'log',
    description: 'print the whole log as NDJSON, one event per line, for jq and scripts',
    options: addReadingOptions,
    body: async (context, _args, given) => {
      for await (const event of readEvents(context, undefined, eventsOptionsSchema.parse(given))) {
        if (context.signal.aborted) return;
        await context.out.record(event);
      }
    },
  });
}

async function* readEvents(
  context: CommandContext,
  task: string | undefined,
  { follow, after }: EventsCommandOptions,
): AsyncIterable<CursoredEvent> {
  const { signal } = context;
  const owned = await connectIfOwned(context);
  const plane = context.closeAtEnd(owned ?? (await connectForReading(context)));
  if (follow && owned === undefined)
    context.out.note('note: there is no owner, so no task makes progress; runtime serve starts one');
  if (task === undefined) {
    yield* plane.events(defined({ after, follow, signal }));
    return;
  }
  const { id } = await findTask(plane, task);
  // A reader starts no owner: after the old one died, it waits some time for the next one.
  const reconnect = owned === undefined ? undefined : () => context.reading();
  yield* followTask(plane, id, { after, follow, signal, reconnect });
}

/** The test for the types of `--type`: `tool.*` matches every type that begins with `tool.`. @default every type */
function typeFilter(given: readonly string[] | undefined): (type: string) => boolean {
  if (given === undefined) return () => true;
  const patterns = given.flatMap((text) => text.split(',')).map((text) => text.trim());
  return (type) =>
    patterns.some((pattern) => (pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern));
}

function formatEvent(event: CursoredEvent, { out, options }: CommandContext, withStream: boolean): string {
  const c = out.colours;
  const stream = withStream ? ` ${c.dim(event.stream)}` : '';
  const summary = summarizeEvent(event, options.verbose ? 2000 : Math.max(60, out.columns - 40));
  return `${c.dim(formatTime(event.time))}${stream} ${c.cyan(event.type)} ${summary}`.trimEnd();
}
