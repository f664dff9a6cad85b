import { fillCommand, type CommandValues } from '@runtime/adapter-kit/run';

/** As the kit's, for all but the program, whose name is no template. */
export function commandLine([program = '', ...args]: readonly string[], values: CommandValues): readonly string[] {
  return [program, ...fillCommand(args, values)];
}
