import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import { isOwn } from '../files/is-own.ts';
import { maxStringBytes } from './launch-check.ts';

/** The variables that every run gets from the host's environment. A trailing `*` matches any ending. */
const defaultEnvironment: readonly string[] = `
  PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_* TZ TMPDIR TERM COLORTERM
  XDG_* DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK
  HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy
  SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO
`
  .trim()
  .split(/\s+/);

/** Options of `buildEnvironment`. */
export interface EnvironmentOptions {
  /** Where `pass` and `defaults` take from: `process.env`. */
  readonly base: Readonly<Record<string, string | undefined>>;
  /** More names to take from `base`; a trailing `*` stands for any end. @default none */
  readonly pass?: readonly string[];
  /** Wins over `file`, which wins over `base`. @default none */
  readonly set?: Readonly<Record<string, string>>;
  /** A 0600 file of `NAME=value` lines; every value in it is a secret. @default none */
  readonly file?: string;
  /**
   * Names that are taken from `base` without being asked for. @default PATH, HOME, USER, SHELL, the locale, TMPDIR,
   * TERM, XDG_*, SSH_AUTH_SOCK, proxy and CA variables
   */
  readonly defaults?: readonly string[];
}

/** The environment of a run. */
export interface Environment {
  readonly env: Readonly<Record<string, string>>;
  /**
   * Values to keep out of events: everything of `file`, and values of at least 8 characters whose names look secret.
   */
  readonly secrets: readonly string[];
}

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const secretName = /(KEY|TOKEN|SECRET|PASS(WORD|WD|PHRASE)?|CREDENTIALS?|AUTH|PRIVATE|COOKIE|DSN)(_|$|\d)/i;
/** Look secret by name, and are paths. */
const notSecret = new Set(['SSH_AUTH_SOCK']);
const minNamedSecretChars = 8;
const maxFileBytes = 1024 * 1024;
/** The kernel takes at least twice as much, for the variables and the arguments together. */
const maxBytes = 1024 * 1024;

/**
 * Builds the complete environment of a run from an allow-list; the host's whole environment is never passed on, nor is
 * the marker of a run that the host itself runs in.
 * Throws INVALID_ARGUMENT for names that are none, a file that is not `NAME=value`, a value with a NUL or of 128 KiB and
 * more, and for more than 1 MiB in all, NOT_FOUND, PERMISSION_DENIED for a file that others can read, UNAVAILABLE for one
 * that the system cannot open now.
 */
export async function buildEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { base, pass = [], set = {}, defaults = defaultEnvironment } = options;
  for (const name of [...Object.keys(set), ...pass.map((pattern) => pattern.replace(/\*$/, ''))]) checkName(name);
  const env: Record<string, string> = {};
  const allowed = [...defaults, ...pass];
  for (const [name, value] of Object.entries(base)) {
    // Names that no shell can hold (`npm_config_//…`, exported functions) are not passed by any pattern.
    if (value !== undefined && variableName.test(name) && allowed.some((pattern) => matches(pattern, name)))
      env[name] = value;
  }
  const fromFile = options.file === undefined ? {} : await readVariables(options.file);
  Object.assign(env, fromFile, set);
  delete env[runMarker];
  checkSizes(env, fromFile, options.file ?? '');
  const secrets = new Set(Object.values(fromFile));
  for (const [name, value] of Object.entries(env)) {
    if (looksSecret(name) && value.length >= minNamedSecretChars) secrets.add(value);
  }
  return { env, secrets: [...secrets].filter((value) => value !== '') };
}

/** Whether the name suggests that its value is a secret, in `SNAKE_CASE` or `camelCase`. */
export function looksSecret(name: string): boolean {
  return secretName.test(name) && !notSecret.has(name);
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

function checkName(name: string): void {
  if (variableName.test(name)) return;
  throw new AgentRuntimeError('INVALID_ARGUMENT', `not an environment variable: ${JSON.stringify(name)}`, {
    hint: 'names are letters, digits and underscores',
  });
}

/** What the system does not take is refused by name, with the file that it is in. */
function checkSizes(
  env: Readonly<Record<string, string>>,
  fromFile: Readonly<Record<string, string>>,
  file: string,
): void {
  const sizes = Object.entries(env).map(([name, value]) => ({
    name: fromFile[name] === value ? `${name} in ${file}` : name,
    value,
    bytes: Buffer.byteLength(name) + 1 + Buffer.byteLength(value),
  }));
  const hint = 'hand long values over in a file, and name it in a variable';
  for (const { name, value, bytes } of sizes) {
    const fault = value.includes('\0')
      ? 'holds a NUL'
      : bytes > maxStringBytes
        ? `has ${bytes} bytes, more than the system takes (128 KiB)`
        : undefined;
    if (fault !== undefined) throw new AgentRuntimeError('INVALID_ARGUMENT', `the variable ${name} ${fault}`, { hint });
  }
  const all = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (all <= maxBytes) return;
  const largest = sizes.toSorted((a, b) => b.bytes - a.bytes)[0]?.name ?? '';
  const message = `the variables have ${all} bytes together, more than 1 MiB; the largest is ${largest}`;
  throw new AgentRuntimeError('INVALID_ARGUMENT', message, { hint });
}

async function readVariables(path: string): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const [index, raw] of (await readPrivate(path)).split('\n').entries()) {
    const line = raw.trim().replace(/^export\s+/, '');
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      // The line itself is not shown: it may hold a secret.
      throw new AgentRuntimeError('INVALID_ARGUMENT', `${path}:${index + 1} is not NAME=value`);
    }
    variables[name] = unquote(value);
  }
  return variables;
}

function unquote(value: string): string {
  const [, , inner] = /^(["'])(.*)\1$/.exec(value) ?? [];
  return inner ?? value;
}

async function readPrivate(path: string): Promise<string> {
  if (!isAbsolute(path)) {
    throw new AgentRuntimeError(
      'INVALID_ARGUMENT',
      `the environment file ${JSON.stringify(path)} is no absolute path`,
      {
        hint: 'which file a relative path names depends on the directory in which the owner was started',
      },
    );
  }
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause: unknown) => {
      throw unopened(path, cause);
    },
  );
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > maxFileBytes) {
      throw new AgentRuntimeError('INVALID_ARGUMENT', `${path} is not a regular file of at most 1 MiB`);
    }
    if (!isOwn(stats)) {
      throw new AgentRuntimeError('PERMISSION_DENIED', `${path} belongs to another user`, {
        hint: 'take a file of your own: its owner chooses what the agent runs with',
      });
    }
    if ((stats.mode & 0o077) !== 0) {
      throw new AgentRuntimeError('PERMISSION_DENIED', `${path} can be read by others`, { hint: `chmod 600 ${path}` });
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

const missing: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);
const refused: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'ELOOP', 'ENXIO', 'ENAMETOOLONG']);

function unopened(path: string, cause: unknown): AgentRuntimeError {
  const code = systemCode(cause);
  if (missing.has(code)) return new AgentRuntimeError('NOT_FOUND', `there is no file ${path}`, { cause });
  const message = `${path} cannot be opened`;
  if (refused.has(code)) {
    const hint = 'it must be a regular file of yours, and no symbolic link';
    return new AgentRuntimeError('PERMISSION_DENIED', message, { hint, cause });
  }
  const hint = 'nothing is wrong with the file itself: the machine may be short of something';
  return new AgentRuntimeError('UNAVAILABLE', code === undefined ? message : `${message} (${code})`, { hint, cause });
}
