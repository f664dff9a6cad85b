import { fillCommand, type CommandValues } from '@runtime/adapter-kit/run';
import { AgentRuntimeError } from '@runtime/contracts';

/**
 * How the command gets its prompt. `stdin`: its standard input is a file with the prompt. `file`: such a file's path replaces `{promptFile}`
 * in an argument. `argument`: the text itself replaces `{prompt}` in an argument; other users of the machine can see it in the process list.
 */
export type PromptMode = 'stdin' | 'file' | 'argument';

/** The mode that the templates stand for. Throws INVALID_ARGUMENT where they contradict each other or the mode that was asked for. */
export function promptModeOf(command: readonly string[], asked: PromptMode | undefined): PromptMode {
  const args = command.slice(1);
  const byArgument = args.some((arg) => arg.includes('{prompt}'));
  const byFile = args.some((arg) => arg.includes('{promptFile}'));
  if (byArgument && byFile)
    throw contradiction('both {prompt} and {promptFile} are in the command', 'keep one of them');
  const meant = byArgument ? 'argument' : byFile ? 'file' : 'stdin';
  if (asked === undefined || asked === meant) return meant;
  throw contradiction(
    `prompt is '${asked}', and the command's arguments say '${meant}'`,
    `leave \`prompt\` out, or put ${asked === 'argument' ? '{prompt}' : asked === 'file' ? '{promptFile}' : 'no template'} into the arguments`,
  );
}

function contradiction(message: string, hint: string): AgentRuntimeError {
  return new AgentRuntimeError('INVALID_ARGUMENT', message, { hint });
}

/** As the kit's, for all but the program, whose name is no template. */
export function commandLine([program = '', ...args]: readonly string[], values: CommandValues): readonly string[] {
  return [program, ...fillCommand(args, values)];
}
