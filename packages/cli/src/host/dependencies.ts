import type { ControlPlane } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { LoadedConfig, RuntimeConfig } from '../config/load.ts';
import type { Machine } from '../doctor/machine.ts';

/** Where text goes. The streams of the process, or a double. */
export interface TextSink {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): boolean;
  once(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

export interface OpenPlaneOptions {
  readonly dataDir: string;
  readonly adapters: readonly RuntimeAdapter[];
  /** Serve the control socket as well. */
  readonly listen: boolean;
  readonly concurrency?: number;
}

/** The ways to a plane. */
export interface Planes {
  /** Owns the data directory in this process. CONFLICT with `details.owner` when another does. */
  open(options: OpenPlaneOptions): Promise<ControlPlane>;
  /** Over the socket of the owner. UNAVAILABLE when none lives. */
  connect(options: { readonly dataDir: string; readonly signal?: AbortSignal }): Promise<ControlPlane>;
  /** Reads the files. Calls that write are UNAVAILABLE. */
  readOnly(options: { readonly dataDir: string }): Promise<ControlPlane>;
  socketPath(dataDir: string): Promise<string>;
  /** The process that says to own the directory, whether it lives or not; undefined when none does. */
  owner(dataDir: string): Promise<{ readonly pid: number } | undefined>;
  /** What checking every line of the log found. */
  verify(dataDir: string): Promise<LogReport>;
}

export interface LogReport {
  readonly ok: boolean;
  /** One sentence for each thing that was found. */
  readonly problems: readonly string[];
  /** The whole report, for `--json`. */
  readonly report: unknown;
}

/** An owner process on its way. */
export interface StartingOwner {
  readonly pid: number | undefined;
  /** Its exit code once it ended, null for a signal; undefined while it lives. */
  exitCode(): number | null | undefined;
  /** The end of what it wrote to its log since it was started. */
  logTail(): Promise<string>;
  readonly logPath: string;
}

export interface StartOwnerOptions {
  readonly dataDir: string;
  readonly config: LoadedConfig;
  /** As in `serve --idle-exit`; `never` for an owner that stays. */
  readonly idleExit: string;
  /** Names that runtimes or a task want from this environment, beyond the allow-list; a trailing `*` stands for any end. */
  readonly passEnv: readonly string[];
}

/** Everything the commands need of the world. `nodeDependencies()` is the real one. */
export interface CliDependencies {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** The data directory when neither option nor environment names one. */
  readonly defaultDataDir: string;
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean | undefined };
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Aborted when the reader of stdout has gone (EPIPE). */
  readonly brokenPipe: AbortSignal;
  readonly planes: Planes;
  adapters(config: RuntimeConfig): Promise<readonly RuntimeAdapter[]>;
  startOwner(options: StartOwnerOptions): Promise<StartingOwner>;
  /** Calls back for SIGINT (and for `terminate` SIGTERM) until the returned function is called. */
  onSignal(names: readonly ('SIGINT' | 'SIGTERM' | 'SIGHUP')[], listener: (name: string) => void): () => void;
  /** One question at the terminal; only called when stdin and stdout are terminals. */
  ask(question: string, signal: AbortSignal): Promise<string>;
  /** Runs a program on this terminal and gives its exit code. */
  runOnTerminal(command: readonly string[]): Promise<number>;
  readonly machine: Machine;
  /** Sets the exit code of the process; called once, at the end of a command. */
  exit(code: number): void;
  /** How long after the first Ctrl-C a second one cancels the task, in ms. @default 2000 */
  readonly detachWindowMs?: number;
  /** After how long `run` says that its task has not been started, in ms. @default 2000 */
  readonly queuedNoteMs?: number;
}
