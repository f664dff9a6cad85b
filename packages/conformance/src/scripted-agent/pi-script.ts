/** Which release of Pi the double behaves like. */
export type PiVersion = '0.73' | '0.87' | '1.5';

/** What the double answers. Without a rule that matches, a prompt is answered with `You said: …` and a steer with `steered: …`. */
export interface PiScript {
  readonly rules?: readonly PiRule[];
  /** Played before the first command is read: a slow or a failing start. */
  readonly startup?: PiStartup;
}

export interface PiStartup {
  readonly delayMs?: number;
  readonly stderr?: string;
  /** Leaves at once with this code. */
  readonly exit?: number;
  /** One line with the pid is appended: a counter of starts. */
  readonly appendLine?: string;
}

/** The first rule that matches a user message which enters a turn gives the steps of the answer. */
export interface PiRule {
  readonly when?: {
    readonly contains?: string;
    /** How the message came. `prompt` is the one that started the run. */
    readonly mode?: 'prompt' | 'steer' | 'followUp';
    /** Whether the process was started on a session file with messages in it. */
    readonly resumed?: boolean;
    /** The number of the message among all user messages of the session, from 1. */
    readonly nth?: number;
  };
  /** Applies so many times in the life of the process. */
  readonly times?: number;
  readonly steps: readonly PiStep[];
}

/**
 * One thing that happens in a run. Text and reasoning gather in one assistant message; tools end the message and, once they have ended, the turn;
 * what follows them is the next turn. In texts `{{text}}` is the last user message, `{{userMessages}}` their count in the session, `{{answer}}` the last dialog's answer.
 */
export type PiStep =
  /** A string is one delta. */
  | { readonly text: string | readonly string[]; readonly delayMs?: number }
  | { readonly reasoning: string | readonly string[]; readonly delayMs?: number }
  | { readonly tool: PiTool }
  /** Called in one message and run in parallel: started in order, ended as they end. */
  | { readonly tools: readonly PiTool[] }
  | { readonly dialog: PiDialog }
  /** Fire and forget, like `notify` and `setStatus`: the fields of the request but its id. */
  | { readonly notify: Readonly<Record<string, unknown>> & { readonly method: string } }
  /** The model fails for good. */
  | { readonly error: string }
  /** The model fails `times` times and Pi tries again; above three attempts the run fails. */
  | { readonly retry: { readonly times: number; readonly errorMessage?: string; readonly delayMs?: number } }
  /** The context is full: Pi compacts and goes on in a new agent_start, having said `willRetry: false`. */
  | { readonly overflow: true }
  /** The answer is cut at the token limit: ends the run with stopReason `length`. */
  | { readonly length: true }
  /** Pi compacts between agent_end and agent_settled. */
  | { readonly thresholdCompaction: true }
  /** The process kills itself. */
  | { readonly crash: NodeJS.Signals }
  | { readonly exit: number }
  /** The model never goes on; an abort ends it. */
  | { readonly hang: true }
  | { readonly sleepMs: number }
  | { readonly waitForFile: string }
  /** One line in one write; without `text` the pid. */
  | { readonly appendLine: { readonly file: string; readonly text?: string } }
  | { readonly stderr: string }
  /** A line on stdout as it is: for output that is no record. */
  | { readonly rawLine: string };

export interface PiTool {
  readonly name: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Cumulative outputs, each replacing the one before, spread over `durationMs`. */
  readonly updates?: readonly string[];
  /** @default the last update, else `ok` */
  readonly result?: string;
  readonly isError?: boolean;
  readonly durationMs?: number;
  /** Runs a `sleep` in a session of its own with the inherited environment, as Pi's bash does; the tool lasts until it ends. */
  readonly childSleepMs?: number;
  /** The child's pid is written here. */
  readonly childPidFile?: string;
  /** `write` with `path` and `content` really writes the file. */
  readonly effect?: 'write';
  /** The tool runs until the file exists. */
  readonly waitForFile?: string;
  /** An extension asks before the tool runs. Denied or cancelled, the result is an error. */
  readonly dialog?: PiDialog;
}

export interface PiDialog {
  readonly method: 'confirm' | 'select' | 'input' | 'editor';
  readonly title: string;
  readonly message?: string;
  readonly options?: readonly string[];
  readonly placeholder?: string;
  readonly prefill?: string;
  /** Milliseconds after which Pi itself cancels it. `editor` has none. */
  readonly timeout?: number;
}
