import { approvalPolicySchema, needsSchema, policyRuleSchema, targetSchema } from '@runtime/contracts';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { parseDuration } from '../arguments/duration.ts';
import { parseNeeds } from '../arguments/needs.ts';
import { parsePolicyRule } from '../arguments/policy.ts';
import { parseTargets } from '../arguments/targets.ts';
import { usageError } from '../arguments/usage-error.ts';
import { parsedOption, repeatedOption } from '../invocation/add-command.ts';

const approvalTimeoutSchema = approvalPolicySchema.shape.timeoutMs.unwrap();

/** The options of `run` and `submit`, as commander leaves them. */
export const taskOptionsSchema = z.object({
  promptFile: z.string().optional(),
  on: z.array(targetSchema).optional(),
  model: z.string().optional(),
  thinking: z.string().optional(),
  workspace: z.string().optional(),
  title: z.string().optional(),
  untilClosed: z.boolean().default(false),
  deadline: z.int().optional(),
  runTimeout: z.int().optional(),
  idleTimeout: z.int().optional(),
  needs: needsSchema.optional(),
  recovery: z.enum(['auto', 'manual', 'restart']).optional(),
  retries: z.int().optional(),
  key: z.string().optional(),
  approve: z.array(policyRuleSchema).optional(),
  approvalTimeout: approvalTimeoutSchema.optional(),
  envPass: z.array(z.string()).optional(),
  envFrom: z.string().optional(),
  shareWorkspace: z.boolean().optional(),
  continue: z.string().optional(),
});
export type TaskOptions = z.infer<typeof taskOptionsSchema>;

/**
 * Adds the options that say what a task is and how it may run.
 * None is called --env-file: Node takes that for itself wherever it stands, and the file's NODE_OPTIONS with it.
 */
export function addTaskOptions(command: Command): Command {
  return command
    .option('--prompt-file <path>', 'read the prompt from a file; - is standard input')
    .addOption(parsedOption('--on <runtimes>', 'runtimes in order of preference: pi,tmux or pi:<model>', parseTargets))
    .option('--model <name>', 'the model, for every runtime that is given none with --on')
    .option('--thinking <level>', 'how much the model thinks, in the words of the runtime')
    .option('--workspace <path>', 'where the agent works (default: the current directory)')
    .option('--title <text>', 'what list shows (default: the beginning of the prompt)')
    .option('--until-closed', 'keep the task open for follow-ups until `runtime close`')
    .addOption(parsedOption('--deadline <duration>', 'from submission to the end: 10m, 1h30m', parseDuration))
    .addOption(parsedOption('--run-timeout <duration>', 'for each single attempt', parseDuration))
    .addOption(parsedOption('--idle-timeout <duration>', 'without any activity', parseDuration))
    .addOption(parsedOption('--needs <needs>', 'the least a runtime must offer: steer=delivered,followUp', parseNeeds))
    .addOption(
      new Option('--recovery <policy>', 'what to do when a run was lost in the middle of its work').choices([
        'auto',
        'manual',
        'restart',
      ]),
    )
    .addOption(parsedOption('--retries <count>', 'attempts after the first (default: 2)', parseRetries))
    .option('--key <key>', 'the same key gives the same task, however often it is submitted')
    .addOption(
      repeatedOption(
        '--approve <rule>',
        'tool=ask|allow|deny, or tool:<text in its input>=ask; repeatable',
        parsePolicyRule,
      ),
    )
    .addOption(
      parsedOption(
        '--approval-timeout <duration>',
        'how long an approval stays open (default: 1h)',
        parseApprovalTimeout,
      ),
    )
    .addOption(
      repeatedOption('--env-pass <names>', 'variables that the agent gets from the owner; repeatable', (text) => text),
    )
    .option('--env-from <path>', 'a 0600 file of KEY=VALUE lines for the agent; never logged')
    .option('--share-workspace', 'another task may work in the same directory at the same time')
    .option('--continue <task>', 'go on with the conversation of an ended task');
}

function parseApprovalTimeout(text: string): number {
  const ms = parseDuration(text);
  if (!approvalTimeoutSchema.safeParse(ms).success)
    throw usageError(`an approval stays open for 30d at most, not ${text}`);
  return ms;
}

function parseRetries(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw usageError(`not a count between 0 and 99: ${JSON.stringify(text)}`);
  return Number(text);
}
