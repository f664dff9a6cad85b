import {
  AgentRuntimeError,
  steerCapabilitySchema,
  type Receipt,
  type SendOptions,
  type TaskHandle,
  type TaskView,
} from '@runtime/contracts';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { parseDuration } from '../arguments/duration.ts';
import { parsePath } from '../arguments/path.ts';
import type { CommandContext } from '../invocation/context.ts';
import { defined } from '../defined.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { findTask } from '../plane/find-task.ts';
import { refuseOwnTask } from '../plane/refuse-own-task.ts';
import { shortId } from '../render/short-id.ts';
import { addCommand, parsedOption } from '../invocation/add-command.ts';
import { readText } from './read-text.ts';

const instructOptionsSchema = z.object({
  promptFile: z.string().optional(),
  wait: z.enum(['accepted', 'delivered', 'observed']).optional(),
  waitTimeout: z.int().default(60_000),
  key: z.string().optional(),
  expires: z.int().optional(),
  ifTurn: z.string().optional(),
});

const addInstructOptions = (command: Command): Command =>
  command
    .addOption(parsedOption('--prompt-file <path>', 'read the text from a file; - reads standard input', parsePath))
    .addOption(
      new Option(
        '--wait <level>',
        'wait until the instruction has reached this level; fails where the runtime cannot prove it',
      ).choices(['accepted', 'delivered', 'observed']),
    )
    .addOption(parsedOption('--wait-timeout <duration>', 'how long to wait (default: 1m)', parseDuration))
    .option('--key <key>', 'sending again with the same key has no further effect')
    .addOption(
      parsedOption(
        '--expires <duration>',
        'decline the instruction if it was not sent within this time',
        parseDuration,
      ),
    )
    .option('--if-turn <turn>', 'decline the instruction unless this turn is running');

/** `runtime steer` and `runtime follow-up`. */
export function registerInstruct(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'steer <task> [text]',
    description: 'send an instruction into the running turn, without interrupting it',
    examples: [
      'steer last "leave the public API alone"',
      'steer k3f9x2 --wait delivered "use pnpm"',
      'steer last - < notes.md',
    ],
    options: addInstructOptions,
    body: (context, args, given) => instruct(context, args, given, (task, text, options) => task.steer(text, options)),
  });
  addCommand(parent, deps, {
    usage: 'follow-up <task> [text]',
    description: 'send an instruction for after the running turn',
    examples: ['follow-up last "now write the changelog"', 'follow-up k3f9x2 --expires 10m "and commit it"'],
    options: addInstructOptions,
    body: (context, args, given) =>
      instruct(context, args, given, (task, text, options) => task.followUp(text, options)),
  });
}

async function instruct(
  context: CommandContext,
  [id, text]: readonly (string | undefined)[],
  given: Record<string, unknown>,
  send: (task: TaskHandle, text: string, options: SendOptions) => Promise<Receipt>,
): Promise<void> {
  const options = instructOptionsSchema.parse(given);
  const { signal } = context;
  const source = { name: 'text', argument: text, file: options.promptFile } as const;
  const content = await readText(context.deps, source, signal);
  const plane = await context.writing();
  const view = await findTask(context, plane, id);
  const expiresAt = options.expires === undefined ? undefined : Date.now() + options.expires;
  const { key, ifTurn } = options;
  // A runtime may accept at once; nothing reaches an agent while it waits for this command.
  if (options.wait !== undefined && options.wait !== 'accepted') await refuseOwnTask(context, plane, [view.id]);
  refuseUnprovable(view, options.wait);
  const receipt = await send(plane.task(view.id), content, defined({ key, ifTurn, expiresAt, by: 'cli', signal }));
  try {
    if (options.wait !== undefined) {
      const waiting = AbortSignal.any([signal, AbortSignal.timeout(options.waitTimeout)]);
      await receipt.reached(options.wait, { signal: waiting });
    }
  } finally {
    // Also when it did not come that far: it is queued or sent, and has an id to look it up by.
    await report(context, receipt);
  }
}

async function report({ out, signal }: CommandContext, receipt: Receipt): Promise<void> {
  // After Ctrl-C too: the answer is at hand.
  const level = await receipt.level(signal.aborted ? {} : { signal });
  await out.document({ taskId: receipt.taskId, instructionId: receipt.instructionId, level });
  if (out.quiet) return out.bare(receipt.instructionId);
  await out.line(`${shortId(receipt.instructionId)} ${level}`);
}

type Level = NonNullable<z.output<typeof instructOptionsSchema>['wait']>;

/** Before anything is queued: a steer that was typed cannot be taken back. */
function refuseUnprovable({ runs }: TaskView, wanted: Level | undefined): void {
  const run = runs.at(-1);
  const most = run?.status === 'ended' ? undefined : run?.capabilities?.steer;
  if (wanted === undefined || run === undefined || most === undefined) return;
  const levels: readonly string[] = steerCapabilitySchema.options;
  if (most === 'none' || levels.indexOf(wanted) <= levels.indexOf(most)) return;
  const can = most === 'unknown' ? 'cannot prove what becomes of an instruction' : `can prove no more than ${most}`;
  throw new AgentRuntimeError('UNSUPPORTED', `${run.runtime} ${can}; nothing was sent`, {
    retry: 'never',
    hint: most === 'unknown' ? 'send it without --wait' : `wait for ${most}, or send it without --wait`,
    details: { provable: most },
  });
}
