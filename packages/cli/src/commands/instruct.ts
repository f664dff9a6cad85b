import type { Receipt, SendOptions, TaskHandle } from '@runtime/contracts';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { parseDuration } from '../arguments/duration.ts';
import type { CommandContext } from '../invocation/context.ts';
import { defined } from '../defined.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { findTask } from '../plane/find-task.ts';
import { addCommand, parsedOption } from '../invocation/add-command.ts';
import { readPrompt } from './task-request.ts';

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
    .option('--prompt-file <path>', 'read the text from a file; - is standard input')
    .addOption(
      new Option(
        '--wait <level>',
        'wait until it has come this far; an error where the runtime cannot prove it',
      ).choices(['accepted', 'delivered', 'observed']),
    )
    .addOption(parsedOption('--wait-timeout <duration>', 'how long to wait (default: 1m)', parseDuration))
    .option('--key <key>', 'the same key is the same instruction, however often it is sent')
    .addOption(parsedOption('--expires <duration>', 'declined instead of sent after this time', parseDuration))
    .option('--if-turn <turn>', 'declined unless this turn is running');

/** `runtime steer` and `runtime follow-up`. */
export function registerInstruct(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'steer <task> [text]',
    description: 'say something into the running turn; it never interrupts',
    options: addInstructOptions,
    body: (context, args, given) => instruct(context, args, given, (task, text, options) => task.steer(text, options)),
  });
  addCommand(parent, deps, {
    usage: 'follow-up <task> [text]',
    description: 'say something after the running turn',
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
  const { signal, out } = context;
  const prompt = await readPrompt(context.deps, text, options.promptFile, signal);
  const plane = await context.writing();
  const view = await findTask(plane, id);
  const expiresAt = options.expires === undefined ? undefined : Date.now() + options.expires;
  const { key, ifTurn } = options;
  const receipt = await send(plane.task(view.id), prompt, defined({ key, ifTurn, expiresAt, by: 'cli', signal }));
  if (options.wait !== undefined) {
    await receipt.reached(options.wait, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(options.waitTimeout)]),
    });
  }
  const level = await receipt.level({ signal });
  await out.document({ taskId: receipt.taskId, instructionId: receipt.instructionId, level });
  await out.line(`${receipt.instructionId} ${level}`);
}
