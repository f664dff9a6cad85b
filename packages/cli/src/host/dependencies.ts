import type { AgentRuntimeError, ControlPlane, ErrorData, Retention, RuntimeDefinition } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { LoadedConfig } from '../config/load.ts';
import type { Machine } from '../doctor/machine.ts';
import type { Mount } from '../mount.ts';

/** Where text is written: a stream of the process, or a double of one. */
export interface TextSink {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  /** Bytes are those of an artifact. */
  write(text: string | Uint8Array): boolean;
  once(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

/** How to own a data directory. */
export interface OpenPlaneOptions {
  readonly dataDir: string;
  /** As `CliDependencies.createAdapter`: the owner has no runtimes of its own. */
  readonly createAdapter: CliDependencies['createAdapter'];
  /** Whether to serve the control socket. */
  readonly listen: boolean;
  /** How many tasks run at a time. @default as the control plane has it */
  readonly concurrency?: number;
  /** Which ended tasks stay, asked each time; `false` for all. @default as the control plane has it */
  readonly retention?: () => Promise<Retention | false>;
  /** Of this program. */
  readonly version: string;
  /**
   * Only to end what is named, and for a moment: starts no task, takes up none that is not asked for, serves no socket.
   * Other commands wait until it is closed. @default false
   */
  readonly brief?: boolean;
  /** Called when another command asks this owner to leave. */
  readonly onLeaveRequest?: (request: { readonly by: string; readonly why?: string | undefined }) => void;
}

/** The ways to a control plane. */
export interface Planes {
  /** Owns the data directory in this process. Throws CONFLICT, with `details.owner`, when another process owns it. */
  open(options: OpenPlaneOptions): Promise<ControlPlane>;
  /** Connects to the socket of the owner. Throws UNAVAILABLE when there is none. */
  connect(options: { readonly dataDir: string; readonly signal?: AbortSignal }): Promise<ControlPlane>;
  /** Reads the files. Calls that write throw UNAVAILABLE. */
  readOnly(options: { readonly dataDir: string }): Promise<ControlPlane>;
  /** The path of the control socket. Throws INVALID_ARGUMENT when no path is short enough. */
  socketPath(dataDir: string): Promise<string>;
  /** The process that owner.json names, living or not; undefined when there is none. */
  owner(dataDir: string): Promise<NamedOwner | undefined>;
  /** Checks every line of the log. */
  verify(dataDir: string): Promise<LogReport>;
}

/** The owner of a data directory according to its record. */
export interface NamedOwner {
  readonly pid: number;
  readonly startTime?: string | undefined;
  readonly bootId?: string | undefined;
  readonly socketPath?: string | undefined;
  /** False once its process is seen to have ended. */
  readonly isLiving: boolean;
}

/** The result of a check of the log. */
export interface LogReport {
  readonly ok: boolean;
  /** One sentence per problem. */
  readonly problems: readonly string[];
  /** The whole report, for `--json`. */
  readonly report: unknown;
}

/** An owner process that was started and does not serve yet. */
export interface StartingOwner {
  readonly pid: number | undefined;
  /** Its exit code, null when a signal killed it; undefined while it lives. */
  exitCode(): number | null | undefined;
  /** Once it has ended: the error with which it did, as it reported it. Undefined for one that was killed or crashed. */
  failure(): Promise<AgentRuntimeError | undefined>;
  /** The end of its log, without what earlier owners wrote. */
  logTail(): Promise<string>;
  readonly logPath: string;
}

/** How to start an owner process. */
export interface StartOwnerOptions {
  readonly dataDir: string;
  /** As in `serve --idle-exit`; `never` for an owner that stays. */
  readonly idleExit: string;
  /** As in `serve --concurrency`. */
  readonly concurrency: number;
}

/** Everything that the commands use of the outside. `nodeDependencies()` is the real one. */
export interface CliDependencies {
  /** What `runtime --version` prints. */
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Where the search for a configuration ends; `/` for a user without a home. */
  readonly home: string;
  /** The data directory when neither `--data-dir` nor RUNTIME_DATA_DIR names one; undefined where there is no home. */
  readonly defaultDataDir: string | undefined;
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean | undefined };
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Aborted when stdout takes no more: its reader closed it (EPIPE), or nothing can be written there. */
  readonly brokenPipe: AbortSignal;
  readonly planes: Planes;
  /** Makes the adapter of a definition, in this process or in an owner that it starts. */
  createAdapter(id: string, definition: RuntimeDefinition): Promise<RuntimeAdapter>;
  /**
   * The run that this process was called from, where RUNTIME_RUN_ID is not in `env`: an agent may have cleared it.
   * @default it is not looked for
   */
  findCallingRun?(): Promise<string | undefined>;
  /**
   * Starts an owner process. Resolves when the process runs, which is before it serves.
   * @default none: a command that needs an owner where none lives is UNAVAILABLE
   */
  readonly startOwner?: ((options: StartOwnerOptions) => Promise<StartingOwner>) | undefined;
  /** What a person can do where no owner lives and no command starts one: `start the gateway`. */
  readonly noOwnerHint?: string | undefined;
  /**
   * The configuration of a host, with absolute paths in it. It is checked as a file would be. There is no `--config`
   * then. @default the nearest runtime.config.json
   */
  readonly loadConfig?: (() => Promise<LoadedConfig>) | undefined;
  /** Where the commands stand; `registerCommands` says it. @default a program of their own, `runtime` */
  readonly mount?: Mount | undefined;
  /** Tells the error of this process to the one that started it, where that listens: see `StartingOwner.failure`. */
  tellStarter?(failure: ErrorData): void;
  /** Calls the listener for these signals until the returned function is called. */
  onSignal(names: readonly ('SIGINT' | 'SIGTERM' | 'SIGHUP')[], listener: (name: string) => void): () => void;
  /** Asks one question. Only called when stdin and stdout are terminals. Throws CANCELLED for Ctrl-C and Ctrl-D. */
  ask(question: string, signal: AbortSignal): Promise<string>;
  /** Runs a program on this terminal. Resolves with its exit code. Throws UNAVAILABLE when it cannot be started. */
  runOnTerminal(command: readonly string[]): Promise<number>;
  readonly machine: Machine;
  /** Sets the exit code of the process. Called once, at the end of a command. */
  exit(code: number): void;
  /** Called once, before a command acts: goes to a directory that exists, where the one that it was called in does not. */
  standSomewhere?(): void;
  /** Goes to a directory that stays: an owner must not depend on the one it was started in. */
  leaveWorkingDirectory(): void;
  /** Ends the process with this code after a time, should anything keep it until then. */
  exitWithin(code: number, ms: number): void;
  /** For how long after the first Ctrl-C a second one cancels the task, in ms. @default 2000 */
  readonly detachWindowMs?: number;
  /** After which time `run` says why its task is still queued, in ms. @default 2000 */
  readonly queuedNoteMs?: number;
  /** How long `attach` shows how to leave before the agent's screen hides it, in ms. @default 1500 */
  readonly attachPauseMs?: number;
  /** Unix ms. @default Date.now */
  readonly now?: () => number;
  /** How often the line below the last one is drawn, in ms. @default 120 */
  readonly frameMs?: number;
}
