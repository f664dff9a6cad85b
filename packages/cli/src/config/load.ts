import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { RuntimeEntry } from '@runtime/adapters';
import { AgentRuntimeError, jsonDepthExceeds, systemCode } from '@runtime/contracts';
import type { z } from 'zod';
import { describeIssues } from '../arguments/describe-issues.ts';
import { usageError } from '../arguments/usage-error.ts';
import { defaultConfig } from './defaults.ts';
import { findConfigFile } from './find.ts';
import { describeLostName } from './lost-names.ts';
import { configFileSchema, runtimeConfigSchema, type ConfigFile, type RuntimeConfig } from './schema.ts';

/** A checked configuration and its source. */
export interface LoadedConfig {
  readonly config: RuntimeConfig;
  /** The absolute path of its file; undefined for the defaults of this machine, and for a host that reads no file. */
  readonly path: string | undefined;
  /** Where it comes from when that is no file, for people: `plugins.entries of the host`. @default unknown */
  readonly source?: string | undefined;
}

/** Where a configuration comes from, for people; undefined for the defaults. */
export const sourceOf = ({ path, source }: LoadedConfig): string | undefined => path ?? source;

/** Where to look for a configuration. */
export interface LoadConfigOptions {
  /** The path of `--config`, relative to `cwd`. @default the nearest file from `cwd` upwards to `home` */
  readonly path?: string | undefined;
  readonly cwd: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const maxConfigBytes = 1024 * 1024;

/**
 * Reads and checks the configuration; without a file, makes the defaults. Throws INVALID_ARGUMENT with the file and the
 * place of the mistake, and PERMISSION_DENIED for a file that was found and belongs to another user.
 */
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  if (options.path === '') throw usageError('the path after --config is empty');
  const given = options.path === undefined ? undefined : resolve(options.cwd, options.path);
  const path = given ?? (await findConfigFile(options.cwd, options.home));
  if (path === undefined) return { config: await defaultConfig(options.env), path };
  const file = parseConfig(await readConfig(path, given !== undefined), path);
  return { config: fromDirectory(await withRuntimes(file, options.env), dirname(path)), path };
}

/** A file that names no runtimes has those of this machine. */
async function withRuntimes(file: ConfigFile, env: LoadConfigOptions['env']): Promise<RuntimeConfig> {
  const { runtimes } = file;
  if (runtimes) return { ...file, runtimes };
  const usual = await defaultConfig(env);
  return { ...file, runtimes: usual.runtimes, defaults: { ...usual.defaults, ...file.defaults } };
}

/** Some ten times as deep as anything in it. */
const maxConfigDepth = 64;

/** Parses and checks the text of a configuration file. */
export function parseConfig(text: string, path: string): ConfigFile {
  if (jsonDepthExceeds(text, maxConfigDepth)) {
    throw usageError(
      `${path} is nested deeper than ${maxConfigDepth} levels`,
      'runtime config schema prints what is expected',
    );
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  const lost = describeLostName(text);
  if (lost !== undefined) throw usageError(`${path}: ${lost}`);
  return parsed(configFileSchema, document, path);
}

/** Checks a configuration that a host brings. Throws INVALID_ARGUMENT with the place of the mistake. */
export function checkConfig(loaded: LoadedConfig): LoadedConfig {
  return { ...loaded, config: parsed(runtimeConfigSchema, loaded.config, sourceOf(loaded) ?? 'the configuration') };
}

function parsed<S extends z.ZodType>(schema: S, document: unknown, source: string): z.output<S> {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  throw usageError(
    `${source}: ${describeIssues(result.error.issues).join('; ')}`,
    'runtime config schema prints what is expected',
  );
}

/** Makes the paths absolute, because the owner has another working directory. */
function fromDirectory(config: RuntimeConfig, directory: string): RuntimeConfig {
  const runtimes = Object.entries(config.runtimes).map(([id, entry]): [string, RuntimeEntry] => {
    const [program, ...args] = entry.command ?? [];
    const command = program === undefined ? {} : { command: [programFrom(directory, program), ...args] };
    const tmux = 'tmux' in entry && entry.tmux !== undefined ? { tmux: programFrom(directory, entry.tmux) } : {};
    return [id, { ...entry, ...command, ...tmux }];
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

/** A name without a slash is looked up on PATH, and what begins in the workspace is known once there is one. */
function programFrom(directory: string, program: string): string {
  if (!program.includes('/') || isAbsolute(program) || program.startsWith('{workspace}')) return program;
  return resolve(directory, program);
}

async function readConfig(path: string, named: boolean): Promise<string> {
  try {
    // Opening a pipe without a writer would block a thread that no signal ends.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new Error('it is not a file');
      if (!named) refuseForeign(path, found);
      if (found.size > maxConfigBytes) throw new Error('it is larger than 1 MiB');
      return decode(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    if (AgentRuntimeError.isInstance(error)) throw error;
    // Only one that was there a moment ago is read without having been named.
    const why = !named && systemCode(error) === 'ENOENT' ? 'it is a link that leads nowhere' : messageOf(error);
    throw new AgentRuntimeError('INVALID_ARGUMENT', `cannot read the configuration ${path}: ${why}`, { cause: error });
  }
}

/** The mark that some editors put before the text is left out. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('it is not UTF-8', { cause });
  }
}

/** A configuration names programs to run: one that was only found, perhaps in /tmp, must belong to us or to root. */
function refuseForeign(path: string, { uid }: Stats): void {
  const ownUid = process.getuid?.();
  if (ownUid === undefined || uid === ownUid || uid === 0) return;
  throw new AgentRuntimeError('PERMISSION_DENIED', `${path} belongs to another user (${uid})`, {
    hint: `if you trust the file, name it with --config ${path}`,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
