import { Option, type Command } from 'commander';
import { parseDuration } from '../arguments/duration.ts';
import { parsePath } from '../arguments/path.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand, parsedOption } from '../invocation/add-command.ts';

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
    body: async (...given) => (await import('../commands/instruct.ts')).steer(...given),
  });
  addCommand(parent, deps, {
    usage: 'follow-up <task> [text]',
    description: 'send an instruction for after the running turn',
    examples: ['follow-up last "now write the changelog"', 'follow-up k3f9x2 --expires 10m "and commit it"'],
    options: addInstructOptions,
    body: async (...given) => (await import('../commands/instruct.ts')).followUp(...given),
  });
}
