/** One thing that a plain agent does. Steps run one after the other. */
export type PlainStep =
  /** Text for stdout, without an added line feed. */
  | { readonly print: string }
  /** Text for stderr, without an added line feed. */
  | { readonly printErr: string }
  /** Bytes for stdout, in base64. */
  | { readonly printBytes: string }
  /** Prints the value of an environment variable, or `<unset>`, and a line feed. */
  | { readonly printEnv: string }
  /** Prints a JSON line with pid, cwd and the arguments after the script. */
  | { readonly printSelf: true }
  | { readonly sleepMs: number }
  /** Does nothing, for ever. */
  | { readonly hang: true }
  | { readonly exit: number }
  | { readonly killSelf: NodeJS.Signals }
  | { readonly readStdinToEnd: true; readonly echo?: boolean }
  /** Reads one line and prints it after `echo`. At the end of stdin the line is empty. */
  | { readonly readLine: true; readonly echo?: string }
  /** Starts a child that sleeps. */
  | { readonly spawnChild: ChildStep }
  | { readonly ignoreTerm: true }
  /** Plays steps when the signal arrives, at the same time as the steps that run. */
  | { readonly onSignal: NodeJS.Signals; readonly steps: readonly PlainStep[] }
  /** Writes a file and makes the folders above it. */
  | { readonly writeFile: { readonly path: string; readonly text: string } }
  | { readonly touchFile: string }
  /** Appends one line in one write. The default `text` is the pid, so that the file counts starts. */
  | { readonly appendLine: { readonly file: string; readonly text?: string } }
  /** Writes so many bytes in lines of 80 bytes. */
  | { readonly flood: { readonly bytes: number; readonly to?: 'stdout' | 'stderr' } }
  /** Writes so many bytes without a line feed, then one. */
  | { readonly longLine: { readonly bytes: number } }
  /** Waits until the file exists: a test opens this gate instead of sleeping. */
  | { readonly waitForFile: string }
  | { readonly closeStdout: true }
  | { readonly repeat: { readonly times: number; readonly steps: readonly PlainStep[] } };

/** How a child is started: a `sh` that becomes a `sleep`, which is cheap and has a real environment. */
export interface ChildStep {
  readonly sleepMs: number;
  /** Gives it its own session and process group: a kill of the agent's group does not reach it. */
  readonly setsid?: boolean;
  /** Its parent exits at once, so that it is reparented. */
  readonly doubleFork?: boolean;
  readonly ignoreTerm?: boolean;
  /** Clears its environment but for PATH, so that no marker names its run. */
  readonly clearEnv?: boolean;
  /** Lets it keep the agent's stdout and stderr open, as a careless daemon does. */
  readonly holdOutput?: boolean;
  /** The path of a file to which the child writes its pid before it sleeps. The agent waits for the file. */
  readonly pidFile?: string;
}

/** All steps of a plain agent. After the last one it exits with 0. */
export type PlainScript = readonly PlainStep[];
