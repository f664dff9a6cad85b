/** What `doctor` and the configuration's defaults may ask the machine. Every answer has a time limit and none changes anything. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** As in `process.version`. */
  readonly nodeVersion: string;
  /** The first line that a program prints; undefined when it is not there or fails. */
  firstLine(command: string, args: readonly string[]): Promise<string | undefined>;
  /** Of the file system that holds this path, or its nearest ancestor that exists. */
  fileSystem(path: string): Promise<FileSystemFacts | undefined>;
  /** Of a directory; undefined when it is not there. */
  directory(path: string): Promise<DirectoryFacts | undefined>;
  placement(env: Readonly<Record<string, string | undefined>>): Promise<PlacementFacts>;
  /** Names of variables that may hold credentials of providers. */
  readonly credentialNames: readonly string[];
}

export interface FileSystemFacts {
  /** The magic number of `statfs`. */
  readonly type: number;
  readonly freeBytes: number;
}

export interface DirectoryFacts {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly ownUid: number | undefined;
  readonly isDirectory: boolean;
}

export interface PlacementFacts {
  /** Whether an agent outlives this process when its service is stopped. */
  readonly survivesHost: boolean;
  readonly service?: string | undefined;
  readonly wrap: readonly string[];
}
