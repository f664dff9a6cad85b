import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand, repeatedOption } from '../invocation/add-command.ts';

const addReadingOptions = (command: Command): Command =>
  command
    .option('-f, --follow', 'wait for new events; for a task, until task.ended')
    .option('--after <cursor>', 'start after this cursor of an event; now shows new events only');

/** `runtime events` and `runtime log`. */
export function registerEvents(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'events [task]',
    aliases: ['logs'],
    examples: ['events last', 'events -f k3f9x2 --type tool.*,run.ended', 'events --json | jq .type'],
    description: 'show the events of a task, or of the whole log',
    options: (command) =>
      addReadingOptions(command).addOption(
        repeatedOption(
          '--type <types>',
          'show only these types: tool.started,run.ended or tool.*; repeatable',
          (text) => text,
        ),
      ),
    body: async (...given) => (await import('../commands/events.ts')).events(...given),
  });
  addCommand(parent, deps, {
    usage: 'log',
    examples: ['log > log.ndjson', 'log -f --after now', 'log | jq -r .type | sort | uniq -c'],
    description: 'print the whole log as NDJSON, one event per line, for jq and scripts',
    options: addReadingOptions,
    body: async (...given) => (await import('../commands/events.ts')).log(...given),
  });
}
