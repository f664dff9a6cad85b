import { AgentRuntimeError } from '@runtime/contracts';
import { z } from 'zod';

/**
 * How a command gets the instruction that opens its run. `stdin`: its standard input is a file with the text. `file`:
 * the path of such a file replaces `{promptFile}` in an argument. `argument`: the text itself replaces `{prompt}` in an
 * argument, where other users of the machine can see it in the process list. `paste`: it is typed into the command's
 * terminal.
 */
export const promptModeSchema = z.enum(['stdin', 'file', 'argument', 'paste']);
export type PromptMode = z.infer<typeof promptModeSchema>;

/**
 * The mode that the templates in a command's arguments stand for; without a template the one that was asked for, else
 * the first of `plain`, the modes that need none. The program's own name is no template.
 * Throws INVALID_ARGUMENT where templates contradict each other or the mode that was asked for: the agent would get its
 * prompt twice, or never.
 */
export function promptModeOf<M extends PromptMode>(
  command: readonly string[],
  asked: PromptMode | undefined,
  plain: readonly [M, ...M[]],
): M | 'argument' | 'file' {
  const args = command.slice(1);
  const byArgument = args.some((arg) => arg.includes('{prompt}'));
  const byFile = args.some((arg) => arg.includes('{promptFile}'));
  if (byArgument && byFile)
    throw contradiction('both {prompt} and {promptFile} are in the command', 'keep one of them');
  const meant = byArgument ? 'argument' : byFile ? 'file' : (plain.find((mode) => mode === asked) ?? plain[0]);
  if (asked === undefined || asked === meant) return meant;
  const template = asked === 'argument' ? '{prompt}' : asked === 'file' ? '{promptFile}' : 'no template';
  throw contradiction(
    `prompt is '${asked}', and the command's arguments say '${meant}'`,
    `leave \`prompt\` out, or put ${template} into the arguments`,
  );
}

function contradiction(message: string, hint: string): AgentRuntimeError {
  return new AgentRuntimeError('INVALID_ARGUMENT', message, { hint });
}
