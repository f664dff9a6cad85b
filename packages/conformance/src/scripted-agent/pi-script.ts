/** A release of Pi whose behaviour the double reproduces. */
export type PiVersion = '0.73' | '0.87' | '1.5';

/** What the double answers. Without a matching rule, `You said: …` answers a prompt, `steered: …` a steer. */
export interface PiScript {
  /** The first rule that matches a message answers it. */
  readonly rules?: readonly PiRule[];
  /** Played before the first command is read: for a slow or a failing start. */
  readonly startup?: PiStartup;
  /** What happens to records on their way to stdout, as with an extension that writes to descriptor 1 itself. */
  readonly spoil?: readonly PiSpoil[];
}

/** Bytes of others around and in the records of a type. The first entry that fits a record counts. */
export interface PiSpoil {
  /** The `type` of the records. */
  readonly record: string;
  /** Of responses: the command that they answer. @default any */
  readonly command?: string;
  /** Only the nth of them, from 1. @default all */
  readonly nth?: number;
  readonly before?: string;
  /** In the middle of the record. */
  readonly within?: string;
  /** Between the record and its line feed. */
  readonly behind?: string;
  /** The next record stands on the same line. */
  readonly joined?: true;
  /** Nothing of the record is written. */
  readonly lost?: true;
  /** The record is written this many times. @default 1 */
  readonly times?: number;
  /** Fields that the record gets instead of its own, such as a number for a text. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** What the double does before it reads its first command. */
export interface PiStartup {
  /** Milliseconds to wait. @default 0 */
  readonly delayMs?: number;
  /** Milliseconds for which the processor is kept busy, as by the start on a slow machine. @default 0 */
  readonly busyMs?: number;
  /** Text for stderr. */
  readonly stderr?: string;
  /** Exits with this code. */
  readonly exit?: number;
  /** The path of a file to which a line with the pid is appended: it counts starts. */
  readonly appendLine?: string;
}

/** The steps with which the double answers a user message when it enters a turn. */
export interface PiRule {
  /** @default every message */
  readonly when?: {
    readonly contains?: string;
    /** The command by which the message came. `prompt` is the message that started the run. */
    readonly mode?: 'prompt' | 'steer' | 'followUp';
    /** Whether the process was started on a session file that holds messages. */
    readonly resumed?: boolean;
    /** The number of the message among all user messages of the session, from 1. */
    readonly nth?: number;
  };
  /** How many messages of one process the rule answers. @default any number */
  readonly times?: number;
  readonly steps: readonly PiStep[];
}

/**
 * One thing that happens in a run. Text and reasoning are collected in one assistant message. Tools end the message
 * and, once they have ended, the turn; the steps after them are the next turn. In texts, `{{text}}` is the last user
 * message, `{{userMessages}}` the number of user messages in the session, `{{answer}}` the answer to the last dialog.
 */
export type PiStep =
  /** A string is one delta. */
  | { readonly text: string | readonly string[]; readonly delayMs?: number }
  | { readonly reasoning: string | readonly string[]; readonly delayMs?: number }
  | { readonly tool: PiTool }
  /** Called in one message and run in parallel: they start in order and end in any order. */
  | { readonly tools: readonly PiTool[] }
  | { readonly dialog: PiDialog }
  /** A UI request without an answer, like `notify` and `setStatus`: its fields, but for the id. */
  | { readonly notify: Readonly<Record<string, unknown>> & { readonly method: string } }
  /** The model fails for good. */
  | { readonly error: string }
  /** The model fails `times` times and Pi tries again; after three attempts the run fails. */
  | { readonly retry: { readonly times: number; readonly errorMessage?: string; readonly delayMs?: number } }
  /** The context is full: Pi reports `willRetry: false`, compacts, and continues with a new agent_start. */
  | { readonly overflow: true }
  /** The answer is cut at the token limit: the run ends with stopReason `length`. */
  | { readonly length: true }
  /** Pi compacts between agent_end and agent_settled. */
  | { readonly thresholdCompaction: true }
  /** The process kills itself. */
  | { readonly crash: NodeJS.Signals }
  | { readonly exit: number }
  /** The model sends nothing more; an abort ends it. */
  | { readonly hang: true }
  | { readonly sleepMs: number }
  | { readonly waitForFile: string }
  /** Appends one line in one write. @default text the pid */
  | { readonly appendLine: { readonly file: string; readonly text?: string } }
  | { readonly stderr: string }
  /** A line on stdout as it is, for output that is not a record. */
  | { readonly rawLine: string };

/** A tool that the model calls. */
export interface PiTool {
  readonly name: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Cumulative outputs, spread over `durationMs`. Each replaces the one before. */
  readonly updates?: readonly string[];
  /** @default the last update, else `ok` */
  readonly result?: string;
  readonly isError?: boolean;
  readonly durationMs?: number;
  /**
   * Runs a `sleep` in its own session with the inherited environment, as Pi's bash does. The tool lasts until it ends.
   */
  readonly childSleepMs?: number;
  /** The path of a file that gets the pid of the child. */
  readonly childPidFile?: string;
  /** `write` really writes the file, from the arguments `path` and `content`. */
  readonly effect?: 'write';
  /** The tool runs until the file exists. */
  readonly waitForFile?: string;
  /** An extension asks before the tool runs. Denied or cancelled, the result is an error. */
  readonly dialog?: PiDialog;
}

/** A question of an extension. */
export interface PiDialog {
  readonly method: 'confirm' | 'select' | 'input' | 'editor';
  readonly title: string;
  readonly message?: string;
  readonly options?: readonly string[];
  readonly placeholder?: string;
  readonly prefill?: string;
  /** Milliseconds after which Pi itself cancels the dialog. `editor` has no timeout. */
  readonly timeout?: number;
}
