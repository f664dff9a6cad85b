import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { describeIssues } from '../arguments/describe-issues.ts';
import { usageError } from '../arguments/usage-error.ts';
import { defaultConfig } from './defaults.ts';
import { findConfigFile } from './find.ts';
import { runtimeConfigSchema, type RuntimeConfig, type RuntimeEntry } from './schema.ts';

export type { RuntimeConfig } from './schema.ts';

/** A configuration that was checked, and where it came from. */
export interface LoadedConfig {
  readonly config: RuntimeConfig;
  /** Absolute; undefined for the defaults of this machine. */
  readonly path: string | undefined;
  /** Of what it says, not of how it is written: two spellings of one configuration are equal. */
  readonly hash: string;
}

export interface LoadConfigOptions {
  /** As given by `--config`; relative to `cwd`. */
  readonly path?: string | undefined;
  readonly cwd: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const maxConfigBytes = 1024 * 1024;

/** Reads and checks the configuration; without a file, the defaults. Whatever is wrong with it is INVALID_ARGUMENT with file and place. */
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  const given = options.path === undefined ? undefined : resolve(options.cwd, options.path);
  const path = given ?? (await findConfigFile(options.cwd, options.home));
  const config =
    path === undefined
      ? await defaultConfig(options.env)
      : fromDirectory(parseConfig(await readConfig(path, given !== undefined), path), dirname(path));
  return { config, path, hash: hashOf(config) };
}

/** The checked configuration in this text. Pure. */
export function parseConfig(text: string, path: string): RuntimeConfig {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  const parsed = runtimeConfigSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw usageError(
    `${path}: ${describeIssues(parsed.error.issues).join('; ')}`,
    'runtime config schema prints what is expected',
  );
}

/** The same with absolute paths: the owner that uses it stands somewhere else. */
function fromDirectory(config: RuntimeConfig, directory: string): RuntimeConfig {
  const runtimes = Object.entries(config.runtimes).map(([id, entry]): [string, RuntimeEntry] => {
    const [program, ...args] = entry.command ?? [];
    // A bare name is looked up on PATH.
    if (program === undefined || !program.includes('/') || isAbsolute(program)) return [id, entry];
    return [id, { ...entry, command: [resolve(directory, program), ...args] }];
  });
  const { defaults } = config;
  const file = defaults?.env?.file;
  const env = file === undefined ? {} : { env: { ...defaults?.env, file: resolve(directory, file) } };
  return {
    ...config,
    runtimes: Object.fromEntries(runtimes),
    ...(defaults ? { defaults: { ...defaults, ...env } } : {}),
  };
}

async function readConfig(path: string, named: boolean): Promise<string> {
  try {
    // A pipe that nobody writes to would be waited for in a thread that no signal ends.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new Error('it is not a file');
      if (!named) refuseForeign(path, found);
      if (found.size > maxConfigBytes) throw new Error('it is larger than 1 MiB');
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (AgentRuntimeError.isInstance(error)) throw error;
    throw new AgentRuntimeError('INVALID_ARGUMENT', `cannot read the configuration ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** A configuration names programs that we run: one that was only found, perhaps in /tmp, must come from us or from root. */
function refuseForeign(path: string, { uid }: Stats): void {
  const own = process.getuid?.();
  if (own === undefined || uid === own || uid === 0) return;
  throw new AgentRuntimeError('PERMISSION_DENIED', `${path} belongs to another user (${uid})`, {
    hint: `if you trust it: --config ${path}`,
  });
}

function hashOf(config: RuntimeConfig): string {
  const { $schema: _, ...meant } = config;
  return createHash('sha256').update(JSON.stringify(meant)).digest('hex').slice(0, 16);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
