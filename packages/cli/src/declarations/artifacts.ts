import type { Command } from 'commander';
import { parsePath } from '../arguments/path.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand, parsedOption } from '../invocation/add-command.ts';

/** `runtime artifacts list`, `get`, `put`, `verify` and `gc`. */
export function registerArtifacts(parent: Command, deps: CliDependencies): void {
  const artifacts = parent
    .command('artifacts')
    .description('what was kept of tasks: list it, get it, keep it in order');
  addCommand(artifacts, deps, {
    usage: 'list <task>',
    aliases: ['ls'],
    description: 'list the artifacts of a task',
    details: 'A task keeps the files that --deliverable and --keep name, and the last message of each run.',
    examples: ['artifacts list last', 'artifacts list k3f9x2 --json', 'artifacts list last -q'],
    body: async (...given) => (await import('../commands/artifacts.ts')).listArtifacts(...given),
  });
  addCommand(artifacts, deps, {
    usage: 'get <task> [names...]',
    description: 'print an artifact, or write artifacts as files',
    options: (command) =>
      command
        .addOption(
          parsedOption(
            '--to <directory>',
            'write files into this directory: those named, else all; none may be there yet',
            parsePath,
          ),
        )
        .option('--message', 'print the last message of the agent, whole; where it has none, its last output'),
    details: 'In place of a task, artifact://<task>/<name> and artifact://sha256/<digest> name one artifact.',
    examples: [
      'artifacts get last report.md',
      'artifacts get k3f9x2 --to out',
      'artifacts get last --message > answer.md',
    ],
    body: async (...given) => (await import('../commands/artifacts.ts')).getArtifacts(...given),
  });
  addCommand(artifacts, deps, {
    usage: 'put <task> <file>',
    description: 'keep a file with a task that has not ended',
    options: (command) =>
      command
        .option('--name <name>', 'the name of the artifact (default: that of the file)')
        .option('--type <type>', 'its media type (default: by its name)'),
    examples: ['artifacts put last trace.json', 'artifacts put k3f9x2 build/out.log --name logs/build.txt'],
    body: async (...given) => (await import('../commands/artifacts.ts')).putFile(...given),
  });
  addCommand(artifacts, deps, {
    usage: 'verify',
    description: 'read every artifact, and compare it with its digest',
    details: 'The exit code is 1 where bytes have changed or are gone. Nothing is changed.',
    examples: ['artifacts verify', 'artifacts verify --json'],
    body: async (...given) => (await import('../commands/verify-artifacts.ts')).verifyAll(...given),
  });
  addCommand(artifacts, deps, {
    usage: 'gc',
    description: 'say what no task names, and with --remove remove it',
    options: (command) => command.option('--remove', 'remove it'),
    examples: ['artifacts gc', 'artifacts gc --remove'],
    body: async (...given) => (await import('../commands/verify-artifacts.ts')).collect(...given),
  });
}
