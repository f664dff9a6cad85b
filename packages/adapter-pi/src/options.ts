import { parseOptions } from '@runtime/adapter-kit/run';
import { runtimeIdSchema } from '@runtime/contracts';
import { z } from 'zod';

/** How Pi is run. Every option has a default: `pi()` runs the `pi` on PATH as its user would. */
export interface PiOptions {
  /** The runtime's id, which targets name: 1-64 lower-case letters, digits and dashes. @default 'pi' */
  readonly id?: string;
  /**
   * The program, and arguments that come before the adapter's. A name without a slash is looked up on the PATH of the
   * run.
   * @default ['pi']
   */
  readonly command?: readonly string[];
  /** More arguments, after the adapter's: `['--no-approve', '--tools', 'read,grep']`. @default none */
  readonly args?: readonly string[];
  /**
   * Gives each run a private agent directory, with the user's models, settings and login, but without their extensions,
   * skills and sessions.
   * @default false: Pi uses `~/.pi/agent`, so that `pi --resume` finds the sessions. The adapter sends no command that
   * changes Pi's settings.
   */
  readonly isolate?: boolean;
  /** Load the extensions of the user and of trusted projects. @default true, as in Pi itself */
  readonly extensions?: boolean;
  /** Pi makes no network calls except to the model: no catalogue, no update check. @default false */
  readonly offline?: boolean;
  /** Accept images in instructions. A model that accepts none still refuses them. @default true */
  readonly images?: boolean;
  /**
   * How long Pi may show no sign of life before it answers its first command, in ms: it writes nothing, and gets hardly
   * any time on a processor. A Pi that starts slowly on a busy machine gets up to ten times as long.
   * @default 20000: ten times what it needs on a busy machine
   */
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
  // A longer timeout overflows the timer, which then fires at once.
  startupMs: z.int().min(1).max(2_147_483_647).default(20_000),
});

/** The options as validated, with every default filled in. */
export type PiSettings = Readonly<z.infer<typeof optionsSchema>>;

/** Throws INVALID_ARGUMENT for options that `pi()` does not take. */
export const settingsOf = (options: PiOptions): PiSettings => parseOptions(optionsSchema, options, 'pi()');
