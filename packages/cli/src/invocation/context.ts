import { isAbsolute, resolve } from 'node:path';
import type { ControlPlane } from '@runtime/contracts';
import { usageError } from '../arguments/usage-error.ts';
import type { LoadedConfig } from '../config/load.ts';
import { connectForReading, connectForWriting, type ConnectContext, type WritingOptions } from '../plane/connect.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { shellWord } from '../render/approval.ts';
import { createOutput } from '../render/output.ts';
import { spoken } from '../render/spoken.ts';
import { startsOwner } from '../render/starts-owner.ts';
import { sanitizeLine } from '../sanitize.ts';
import type { CommonOptions } from './common-options.ts';
import { whileStarting } from './while-starting.ts';

/** What one invocation of a command works with. */
export interface CommandContext extends ConnectContext {
  readonly options: CommonOptions;
  /** How this program is called on the same data directory, in commands to copy. */
  readonly program: string;
  /** What brings an owner where none lives, as the end of a sentence. */
  readonly starts: string;
  /** As `spoken` of the mount: without what is said about commands that are not offered here. */
  readonly spoken: (text: string) => string;
  /** Ends the command by aborting `signal`: Ctrl-C does so unless the command handles it itself. */
  interrupt(): void;
  /** Connects to the owner, else reads the files. The plane is closed with the context. */
  reading(): Promise<ControlPlane>;
  /** Connects to the owner, and starts one where there is none. The plane is closed with the context. */
  writing(options?: WritingOptions): Promise<ControlPlane>;
  close(): Promise<void>;
}

/** The absolute path of the data directory: from the option, RUNTIME_DATA_DIR, or the platform's state directory. */
function resolveDataDir(deps: CliDependencies, option: string | undefined): string {
  const given = option ?? (deps.env['RUNTIME_DATA_DIR'] || undefined);
  if (given === undefined) return deps.defaultDataDir ?? noDataDir();
  if (given.includes('\0') || given === '')
    throw usageError('the path of the data directory is empty or contains a NUL character');
  return isAbsolute(given) ? resolve(given) : resolve(deps.cwd, given);
}

function noDataDir(): never {
  throw usageError(
    'this user has no home directory to keep tasks in',
    'name a directory with --data-dir or RUNTIME_DATA_DIR, or set HOME',
  );
}

/** Makes the context of one invocation. Opens nothing until the command asks for it. */
export function createContext(deps: CliDependencies, options: CommonOptions): CommandContext {
  const interrupted = new AbortController();
  const signal = AbortSignal.any([interrupted.signal, deps.brokenPipe]);
  const planes = new Set<ControlPlane>();
  let loaded: Promise<LoadedConfig> | undefined;
  const name = deps.mount?.name ?? 'runtime';
  const program =
    options.dataDir === undefined ? name : `${name} --data-dir ${shellWord(sanitizeLine(options.dataDir, 4096))}`;
  const context: CommandContext = {
    deps,
    options,
    program,
    starts: startsOwner(deps, program),
    spoken: (text) => spoken(text, deps.mount),
    dataDir: resolveDataDir(deps, options.dataDir),
    out: createOutput(deps, options, signal),
    signal,
    interrupt: () => interrupted.abort(new DOMException('interrupted', 'AbortError')),
    config() {
      loaded ??= load(deps, options.config);
      return loaded;
    },
    reading: async () => context.closeAtEnd(await connectForReading(context)),
    async writing(writing = {}) {
      const connect = (inner: CliDependencies): Promise<ControlPlane> =>
        connectForWriting({ ...context, deps: inner }, writing);
      return context.closeAtEnd(await whileStarting(deps, context.out, connect));
    },
    closeAtEnd(plane) {
      planes.add(plane);
      return plane;
    },
    async close() {
      const closing = [...planes].map((plane) => plane.close());
      planes.clear();
      await Promise.all(closing);
    },
  };
  return context;
}

/** Most commands need no configuration, and its schema takes long to load. */
async function load(deps: CliDependencies, path: string | undefined): Promise<LoadedConfig> {
  const { checkConfig, loadConfig } = await import('../config/load.ts');
  const { cwd, home, env } = deps;
  return deps.loadConfig ? checkConfig(await deps.loadConfig()) : loadConfig({ path, cwd, home, env });
}
