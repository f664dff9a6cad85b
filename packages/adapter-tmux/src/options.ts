import { parseOptions, promptModeOf, promptModeSchema, type PromptMode } from '@runtime/adapter-kit/run';
import { runtimeIdSchema } from '@runtime/contracts';
import { z } from 'zod';

/** Which program is run in a terminal, and how it gets its prompt. */
export interface TmuxOptions {
  /** The runtime's id, by which targets name it. @default 'tmux' */
  readonly id?: string;
  /**
   * The program and its arguments; nothing becomes shell text. In an argument `{prompt}` becomes the first instruction,
   * `{promptFile}` the path of a 0600 file that holds it, `{workspace}` the workspace.
   */
  readonly command: readonly string[];
  /**
   * How the first instruction reaches the agent. `argument` and `file` need their place in `command`; `stdin`: the
   * agent's standard input is the file, its output still the terminal; `paste`: it is typed into the terminal as a
   * bracketed paste, then the submit key.
   * @default 'argument' with `{prompt}` in the command, 'file' with `{promptFile}`, else 'paste': a terminal program
   * without either waits for input
   */
  readonly prompt?: PromptMode;
  /** The terminal. @default 160 columns, 50 rows: wide enough that agents do not fold their lines early */
  readonly size?: { readonly columns: number; readonly rows: number };
  /** The tmux name of the key that submits a paste. @default 'Enter' */
  readonly submitKey?: string;
  /**
   * For `paste`: a regular expression that some line of the screen matches once the agent takes input. Matched line by
   * line, against at most 500 characters.
   * @default none: ready when it has asked for bracketed paste and rests, or has been quiet for a second
   */
  readonly readyPattern?: string;
  /**
   * For `paste`: how long the agent may take until it is ready, in ms; after that the start fails with UNAVAILABLE.
   * @default 30000: some agents start slowly
   */
  readonly readyTimeoutMs?: number;
  /**
   * How long the screen stays after the agent ended, for people who look on, in ms; it goes earlier once the run's
   * events were read to their end. @default 3600000 (one hour)
   */
  readonly lingerMs?: number;
  /** The tmux to use. @default 'tmux' on our own PATH */
  readonly tmux?: string;
}

const argument = z.string().refine((text) => !text.includes('\0'), 'expected a text without NUL characters');
const longestTimerMs = 2_147_483_647;

const optionsSchema = z.strictObject({
  id: runtimeIdSchema.default('tmux'),
  command: z
    .array(argument)
    .max(1000)
    .refine(([program = '']) => program !== '', 'expected a list that begins with the name of a program')
    .refine(([program = '']) => !program.includes('{prompt'), 'expected a program that is not itself the prompt'),
  prompt: promptModeSchema.optional(),
  size: z
    .strictObject({ columns: z.int().min(20).max(1000), rows: z.int().min(5).max(1000) })
    .default({ columns: 160, rows: 50 }),
  // Goes to tmux as an argument of its own: one key, and nothing that could be a command.
  submitKey: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,20}$/, 'expected the tmux name of one key')
    .default('Enter'),
  readyPattern: z.string().refine(isPattern, 'expected a regular expression').optional(),
  readyTimeoutMs: z.number().min(0).max(longestTimerMs).default(30_000),
  lingerMs: z.number().min(0).max(longestTimerMs).default(3_600_000),
  tmux: argument.min(1).default('tmux'),
});

/** The options as validated, with everything decided. */
export interface TmuxSettings {
  readonly id: string;
  readonly command: readonly string[];
  readonly prompt: PromptMode;
  readonly columns: number;
  readonly rows: number;
  readonly submitKey: string;
  readonly readyPattern: string | undefined;
  readonly readyTimeoutMs: number;
  readonly lingerSeconds: number;
  readonly tmux: string;
}

/** Throws INVALID_ARGUMENT for options that `tmux()` does not take. */
export function settingsOf(options: TmuxOptions): TmuxSettings {
  const { id, command, prompt, size, submitKey, readyPattern, readyTimeoutMs, lingerMs, tmux } = parseOptions(
    optionsSchema,
    options,
    'tmux()',
  );
  return {
    id,
    command,
    prompt: promptModeOf(command, prompt, ['paste', 'stdin']),
    ...size,
    submitKey,
    readyPattern,
    readyTimeoutMs,
    lingerSeconds: Math.max(1, Math.ceil(lingerMs / 1000)),
    tmux,
  };
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u').unicode;
  } catch {
    return false;
  }
}
