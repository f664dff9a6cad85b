import { Option, type Command } from 'commander';
import { parseDuration } from '../arguments/duration.ts';
import { parseLabel } from '../arguments/label.ts';
import { parsePath } from '../arguments/path.ts';
import { usageError } from '../arguments/usage-error.ts';
import { parsedOption, repeatedOption } from '../invocation/add-command.ts';

/** As Pi spells them, the one runtime that takes them. */
const thinkingLevels = ['off', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/**
 * Adds the options that say what a task is and how it may run.
 * None is called --env-file: Node itself acts on that option wherever it stands, and on NODE_OPTIONS in the file.
 */
export function addTaskOptions(command: Command): Command {
  return command
    .addOption(parsedOption('--prompt-file <path>', 'read the prompt from a file; - reads standard input', parsePath))
    .option('--on <runtimes>', 'runtimes in order of preference: pi,tmux or pi:<model>')
    .option('--model <name>', 'the model of every runtime for which --on names none')
    .addOption(new Option('--thinking <level>', 'how much the model thinks').choices(thinkingLevels))
    .addOption(parsedOption('--workspace <path>', 'where the agent works (default: the current directory)', parsePath))
    .option(
      '--worktree [base]',
      'give the agent a git worktree and branch of its own, from this commit or branch (default: what is checked out)',
    )
    .addOption(
      new Option(
        '--on-restart <policy>',
        'what becomes of files when a run starts over: keep them, restore the worktree, or refuse to (default: keep)',
      ).choices(['keep', 'restore', 'refuse']),
    )
    .option('--title <text>', 'the title in lists (default: the beginning of the prompt)')
    .addOption(repeatedOption('--label <label>', 'a label for lists: name=value; repeatable', parseLabel))
    .addOption(
      repeatedOption(
        '--deliverable <glob>',
        'files of the workspace that are kept at the end; without any the task fails; repeatable',
        (text) => text,
      ),
    )
    .addOption(
      repeatedOption('--keep <glob>', 'files that are kept at the end where there are any; repeatable', (text) => text),
    )
    .option(
      '--check <command>',
      'a shell command that decides at the end: with another exit code than 0 the agent goes on',
    )
    .addOption(
      parsedOption(
        '--check-rounds <count>',
        'how often the agent goes on after a check failed (default: 3)',
        parseRounds,
      ),
    )
    .addOption(
      parsedOption('--check-timeout <duration>', 'the longest time for one check (default: 10m)', parseDuration),
    )
    .option('--until-closed', 'keep the task open for follow-ups; `runtime close` ends it')
    .addOption(
      parsedOption('--deadline <duration>', 'the longest time from submission to the end: 10m, 1h30m', parseDuration),
    )
    .addOption(parsedOption('--run-timeout <duration>', 'the longest time for one attempt', parseDuration))
    .addOption(parsedOption('--idle-timeout <duration>', 'the longest time without activity', parseDuration))
    .option('--needs <needs>', 'what a runtime must offer at least: steer=delivered,followUp')
    .addOption(
      new Option('--recovery <policy>', 'what to do after a run is lost in the middle of its work').choices([
        'auto',
        'manual',
        'restart',
      ]),
    )
    .addOption(parsedOption('--retries <count>', 'how many attempts after the first (default: 2)', parseRetries))
    .option('--key <key>', 'submitting again with the same key returns the same task')
    .addOption(
      repeatedOption(
        '--approve <rule>',
        'tool=ask|allow|deny, or tool:<text in its input>=ask; repeatable',
        (text) => text,
      ),
    )
    .option('--approval-timeout <duration>', 'how long an approval stays open (default: 1h)')
    .addOption(repeatedOption('--env-pass <names>', 'variables to pass to the agent; repeatable', (text) => text))
    .addOption(
      parsedOption('--env-from <path>', 'a file (mode 0600) of KEY=VALUE lines for the agent; never logged', parsePath),
    )
    .option('--share-workspace', 'allow other tasks to work in the same directory at the same time')
    .option('--continue <task>', 'continue the conversation of an ended task');
}

function parseRounds(text: string): number {
  if (!/^\d{1,2}$/.test(text) || Number(text) > 20)
    throw usageError(`expected a number from 0 to 20, not ${JSON.stringify(text)}`);
  return Number(text);
}

function parseRetries(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw usageError(`expected a number from 0 to 99, not ${JSON.stringify(text)}`);
  return Number(text);
}
