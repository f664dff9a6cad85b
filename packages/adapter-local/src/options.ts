import { isAbsolute, resolve } from 'node:path';
import { parseOptions, promptModeOf, promptModeSchema, type PromptMode } from '@runtime/adapter-kit/run';
import { runtimeIdSchema } from '@runtime/contracts';
import { z } from 'zod';

/** Which command is run, and how it gets its prompt. */
export interface LocalOptions {
  /**
   * The runtime's id, by which targets name it; several commands are several runtimes with an id each. @default 'local'
   */
  readonly id?: string;
  /**
   * The program and its arguments, one each; no shell reads them. A name is looked up on the PATH of the run, a
   * relative path is taken from the current directory as it is now. `{workspace}`, `{promptFile}` and `{prompt}` in
   * arguments are filled in.
   */
  readonly command: readonly string[];
  /**
   * How the prompt reaches the command; a command that contradicts it is refused. @default by the templates in
   * `command`; without any, 'stdin'
   */
  readonly prompt?: Exclude<PromptMode, 'paste'>;
  /**
   * Arguments that make the command print its version on the first line, as in `['--version']`. @default none: the
   * version is 'unknown'
   */
  readonly versionArgs?: readonly string[];
}

const argument = z.string().refine((text) => !text.includes('\0'), 'expected a text without NUL characters');

const optionsSchema = z.strictObject({
  id: runtimeIdSchema.default('local'),
  command: z
    .array(argument)
    .max(1000)
    .refine(([program = '']) => program !== '', 'expected a list that begins with the name of a program'),
  prompt: promptModeSchema.exclude(['paste']).optional(),
  versionArgs: z.array(argument).max(100).optional(),
});

/** The options as validated, with everything decided. */
export interface LocalSettings {
  readonly id: string;
  readonly command: readonly string[];
  readonly prompt: Exclude<PromptMode, 'paste'>;
  readonly versionArgs: readonly string[] | undefined;
}

/** Throws INVALID_ARGUMENT for options that `local()` does not take. */
export function settingsOf(options: LocalOptions): LocalSettings {
  const { id, command, prompt, versionArgs } = parseOptions(optionsSchema, options, 'local()');
  const [program = '', ...args] = command;
  const found = program.includes('/') && !isAbsolute(program) ? resolve(program) : program;
  return { id, command: [found, ...args], prompt: promptModeOf(command, prompt, ['stdin']), versionArgs };
}
