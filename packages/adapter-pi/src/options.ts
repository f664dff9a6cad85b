import { parseOptions } from '@runtime/adapter-kit/run';
import { runtimeIdSchema } from '@runtime/contracts';
import { z } from 'zod';

/** How Pi is run. Everything has a default: `pi()` runs the `pi` on PATH as its user would. */
export interface PiOptions {
  /** The runtime's id, by which targets name it. @default 'pi' */
  readonly id?: string;
  /** The program and what comes before our arguments. Names without a slash are looked up on the run's PATH. @default ['pi'] */
  readonly command?: readonly string[];
  /** Further arguments, after ours: `['--no-approve', '--tools', 'read,grep']`. @default none */
  readonly args?: readonly string[];
  /**
   * A private agent directory in the run's directory: models, settings and the login are taken over, extensions, skills and sessions are not.
   * @default false: the user's own `~/.pi/agent`, so that sessions are where they look for them. No command that changes settings is ever sent.
   */
  readonly isolate?: boolean;
  /** Extensions of the user and of trusted projects are loaded. @default true: as Pi does by itself */
  readonly extensions?: boolean;
  /** Pi makes no network calls of its own (catalogue, updates); the model is called all the same. @default false */
  readonly offline?: boolean;
  /** Images are taken, unless the model in use takes none. @default true */
  readonly images?: boolean;
  /** How long Pi may take until it answers its first command, in ms. @default 20000: ten times what it needs on a busy machine */
  readonly startupMs?: number;
}

const argument = z.string().refine((text) => !text.includes('\0'), 'expected a text without NUL characters');
const commandLine = z
  .array(argument)
  .refine(([program = '']) => program !== '', 'expected a list that begins with the name of a program');

const optionsSchema = z.strictObject({
  id: runtimeIdSchema.default('pi'),
  command: commandLine.default(['pi']),
  args: z.array(argument).default([]),
  isolate: z.boolean().default(false),
  extensions: z.boolean().default(true),
  offline: z.boolean().default(false),
  images: z.boolean().default(true),
  // A longer time overflows the timer, which then fires at once.
  startupMs: z.int().min(1).max(2_147_483_647).default(20_000),
});

/** The options as validated, with every default filled in. */
export type PiSettings = Readonly<z.infer<typeof optionsSchema>>;

/** Throws INVALID_ARGUMENT for options that `pi()` does not take. */
export const settingsOf = (options: PiOptions): PiSettings => parseOptions(optionsSchema, options, 'pi()');
