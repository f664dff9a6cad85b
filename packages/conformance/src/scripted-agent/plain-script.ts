/** One thing a plain agent does. Steps run one after the other; each has exactly one of these shapes. */
export type PlainStep =
  /** Written to stdout as it is: bring your own line feed. */
  | { readonly print: string }
  | { readonly printErr: string }
  /** Base64: for bytes that are no text. */
  | { readonly printBytes: string }
  /** Prints the value of an environment variable and a line feed, `<unset>` when there is none. */
  | { readonly printEnv: string }
  /** Prints a JSON line with pid, cwd and the arguments behind the script's path. */
  | { readonly printSelf: true }
  | { readonly sleepMs: number }
  /** Does nothing for ever. */
  | { readonly hang: true }
  | { readonly exit: number }
  | { readonly killSelf: NodeJS.Signals }
  | { readonly readStdinToEnd: true; readonly echo?: boolean }
  /** Reads one line; `echo` is printed before it. At the end of stdin the agent goes on with an empty line. */
  | { readonly readLine: true; readonly echo?: string }
  | { readonly spawnChild: ChildStep }
  | { readonly ignoreTerm: true }
  /** Plays steps when the signal comes, beside the ones that run. */
  | { readonly onSignal: NodeJS.Signals; readonly steps: readonly PlainStep[] }
  /** Makes the folders above it. */
  | { readonly writeFile: { readonly path: string; readonly text: string } }
  | { readonly touchFile: string }
  /** Appends one line in one write: without `text` the pid, which makes the file a counter of starts. */
  | { readonly appendLine: { readonly file: string; readonly text?: string } }
  /** Lines of 80 bytes up to so many bytes. */
  | { readonly flood: { readonly bytes: number; readonly to?: 'stdout' | 'stderr' } }
  /** So many bytes without a line feed, then one. */
  | { readonly longLine: { readonly bytes: number } }
  /** Goes on when the file exists: a test's gate in place of a sleep. */
  | { readonly waitForFile: string }
  | { readonly closeStdout: true }
  | { readonly repeat: { readonly times: number; readonly steps: readonly PlainStep[] } };

/** A `sh` with a `sleep`: cheap, and a real process with a real environment. */
export interface ChildStep {
  readonly sleepMs: number;
  /** A session and process group of its own: a kill of the agent's group does not reach it. */
  readonly setsid?: boolean;
  /** Its parent leaves at once, so that it is reparented. */
  readonly doubleFork?: boolean;
  readonly ignoreTerm?: boolean;
  /** Starts with no environment but PATH, so that no marker names its run. */
  readonly clearEnv?: boolean;
  /** Keeps the agent's stdout and stderr open, as a careless daemon does. */
  readonly holdOutput?: boolean;
  /** The child writes its pid here before it sleeps; the agent goes on once it is there. */
  readonly pidFile?: string;
}

/** What a plain agent does from start to end. After the last step it exits with 0. */
export type PlainScript = readonly PlainStep[];
