import { isAbsolute, resolve } from 'node:path';
import { parseOptions, promptModeOf, promptModeSchema, type PromptMode } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, runtimeIdSchema } from '@runtime/contracts';
import { z } from 'zod';

/** What is run, and how it gets its prompt. */
export interface LocalOptions {
  /**
   * The program and its arguments, one each; no shell reads them. A name is looked up on the PATH of the run,
   * a relative path is taken from the current directory as it is now. `{workspace}`, `{promptFile}` and `{prompt}` in arguments are filled in.
   */
  readonly command: readonly string[];
  /** @default 'local' */
  readonly id?: string;
  /** @default what the templates in `command` say; without any, 'stdin' */
  readonly prompt?: Exclude<PromptMode, 'paste'>;
  /** Arguments that make the command print its version on the first line, as in `['--version']`. @default none: the version is 'unknown' */
  readonly versionArgs?: readonly string[];
}

const text = z.string().refine((value) => !value.includes('\0'), 'must not hold a NUL character');

const optionsSchema = z.strictObject({
  command: z.array(text).min(1).max(1000),
  id: runtimeIdSchema.default('local'),
  prompt: promptModeSchema.exclude(['paste']).optional(),
  versionArgs: z.array(text).max(100).optional(),
});

/** The options as they are meant, everything decided. */
export interface LocalConfig {
  readonly id: string;
  readonly command: readonly string[];
  readonly prompt: Exclude<PromptMode, 'paste'>;
  readonly versionArgs?: readonly string[];
}

/** Throws INVALID_ARGUMENT, with a hint, for options that cannot be meant. */
export function localConfig(options: LocalOptions): LocalConfig {
  const { command, id, prompt, versionArgs } = parseOptions(optionsSchema, options, 'local()');
  const [program = '', ...args] = command;
  if (program === '') throw new AgentRuntimeError('INVALID_ARGUMENT', 'the name of the program is empty');
  const found = program.includes('/') && !isAbsolute(program) ? resolve(program) : program;
  return {
    id,
    command: [found, ...args],
    prompt: promptModeOf(command, prompt, ['stdin']),
    ...(versionArgs === undefined ? {} : { versionArgs }),
  };
}
