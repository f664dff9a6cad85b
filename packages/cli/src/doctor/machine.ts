import type { CallOptions } from '@runtime/contracts';

/** What `doctor` asks about the machine. No question changes anything. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Such as `v24.1.0`. */
  readonly nodeVersion: string;
  /** The first line on the stdout of a program; undefined when it is missing, fails, or does not end in time. */
  firstLine(command: string, args: readonly string[], options: Required<CallOptions>): Promise<string | undefined>;
  /** The file system of this path or of its nearest ancestor that exists; undefined when it cannot be read. */
  fileSystem(path: string): Promise<FileSystemFacts | undefined>;
  /** Facts about a directory; undefined when it does not exist. */
  directory(path: string): Promise<DirectoryFacts | undefined>;
  /** Whether agents would outlive this process. */
  placement(env: Readonly<Record<string, string | undefined>>): Promise<PlacementFacts>;
  /** What Pi's agent directory holds in this environment. */
  piFiles(env: Readonly<Record<string, string | undefined>>): Promise<PiFacts>;
  /** The names of variables that may hold credentials of providers. */
  readonly credentialNames: readonly string[];
}

/** Facts about Pi's agent directory. */
export interface PiFacts {
  readonly agentDir: string;
  /** Files that Pi cannot read, and why. */
  readonly faults: readonly { readonly file: string; readonly why: string }[];
  /** The names of the providers for which a login or a key is stored. */
  readonly providers: readonly string[];
}

/** Facts about a file system. */
export interface FileSystemFacts {
  /** The magic number from `statfs`. */
  readonly type: number;
  readonly freeBytes: number;
}

/** Facts about a directory. */
export interface DirectoryFacts {
  /** Type and permission bits, as `stat` returns them. */
  readonly mode: number;
  readonly uid: number;
  /** The user of this process; undefined on Windows. */
  readonly ownUid: number | undefined;
  readonly isDirectory: boolean;
}

/** Where agents start, relative to a service that this process runs in. */
export interface PlacementFacts {
  /** Whether an agent outlives this process when the service is stopped. */
  readonly survivesHost: boolean;
  /** The systemd unit of this process, if it is a service. */
  readonly service?: string | undefined;
  /** The command with which agents start outside of the service. */
  readonly wrap: readonly string[];
}
