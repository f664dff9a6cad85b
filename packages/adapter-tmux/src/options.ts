import { promptModeOf, type PromptMode } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, runtimeIdSchema } from '@runtime/contracts';

export interface TmuxOptions {
  /** The runtime's id, by which targets name it. @default 'tmux' */
  readonly id?: string;
  /**
   * The program and its arguments; nothing becomes shell text. In an argument `{prompt}` becomes the first instruction,
   * `{promptFile}` the path of a 0600 file that holds it, `{workspace}` the workspace.
   */
  readonly command: readonly string[];
  /**
   * How the first instruction reaches the agent. `argument` and `file` need their place in `command`; `stdin`: the agent's standard input is the file,
   * its output still the terminal; `paste`: it is typed into the terminal as a bracketed paste, then the submit key.
   * @default 'argument' with `{prompt}` in the command, 'file' with `{promptFile}`, else 'paste': a terminal program without either waits to be spoken to
   */
  readonly prompt?: PromptMode;
  /** The terminal. @default 160 columns, 50 rows: wide enough that agents do not fold their lines early */
  readonly size?: { readonly columns: number; readonly rows: number };
  /** The tmux name of the key that submits a paste. @default 'Enter' */
  readonly submitKey?: string;
  /**
   * For `paste`: a regular expression that some line of the screen matches once the agent can be spoken to. Matched line by line, against at most 500 characters.
   * @default none: ready when it has asked for bracketed paste and rests, or has been quiet for a second
   */
  readonly readyPattern?: string;
  /** For `paste`: how long to wait until it is ready, in milliseconds. @default 30000: some agents start slowly; then the start fails with UNAVAILABLE */
  readonly readyTimeoutMs?: number;
  /** How long the screen stays for onlookers after the agent ended, if nobody ends it before, in milliseconds. @default 3600000 (one hour) */
  readonly lingerMs?: number;
  /** The tmux to use. @default 'tmux' on our own PATH */
  readonly tmux?: string;
}

/** Options as they hold. */
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

/** Throws INVALID_ARGUMENT for options that contradict each other. */
export function settle(options: TmuxOptions): TmuxSettings {
  const { command, size = { columns: 160, rows: 50 }, submitKey = 'Enter', readyPattern } = options;
  const id = options.id ?? 'tmux';
  if (!runtimeIdSchema.safeParse(id).success) refuse(`not a runtime id: ${JSON.stringify(id)}`);
  if (command.length === 0 || command[0] === '') refuse('the command is empty');
  if (command[0]?.includes('{prompt')) refuse('the program itself cannot be the prompt');
  const prompt = promptModeOf(command, options.prompt, ['paste', 'stdin']);
  if (!inRange(size.columns, 20, 1000) || !inRange(size.rows, 5, 1000))
    refuse('a terminal has 20-1000 columns and 5-1000 rows');
  if (!/^[A-Za-z0-9-]{1,20}$/.test(submitKey)) refuse(`not a key: ${JSON.stringify(submitKey)}`);
  if (readyPattern !== undefined) compile(readyPattern);
  return {
    id,
    command,
    prompt,
    columns: size.columns,
    rows: size.rows,
    submitKey,
    readyPattern,
    readyTimeoutMs: options.readyTimeoutMs ?? 30_000,
    lingerSeconds: Math.max(1, Math.ceil((options.lingerMs ?? 3_600_000) / 1000)),
    tmux: options.tmux ?? 'tmux',
  };
}

function inRange(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (cause) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'readyPattern is not a regular expression', { cause });
  }
}

function refuse(message: string): never {
  throw new AgentRuntimeError('INVALID_ARGUMENT', message, { hint: 'see TmuxOptions' });
}
