import { existsSync } from 'node:fs';
import type { PiVersion } from '../pi-script.ts';
import { type Dialect, dialects } from './dialect.ts';

/** Pi's command line. */
export interface PiArguments {
  readonly dialect: Dialect;
  /** The path of a file, or JSON. */
  readonly script: string | undefined;
  readonly model: string;
  readonly session: string | undefined;
  readonly sessionId: string | undefined;
  readonly sessionDir: string | undefined;
  readonly sessionName: string | undefined;
  readonly continueLast: boolean;
  readonly noSession: boolean;
}

/** Ends the process with this code and message: for `--version` and for mistakes. */
export class Leave extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const withValue = new Set(
  [
    '--mode --model --provider --session --session-id --session-dir --name --extension -e --tools --exclude-tools --thinking',
    '--system-prompt --append-system-prompt --api-key --models --skill --prompt-template --theme --script --version-like',
  ].flatMap((names) => names.split(' ')),
);
const alone = new Set(
  [
    '--continue -c --no-session --approve -a --no-approve -na --no-extensions -ne --no-skills -ns --no-prompt-templates -np',
    '--no-context-files -nc --no-tools --no-builtin-tools --offline --verbose --no-themes --version -v --help -h --no-mcp',
  ].flatMap((names) => names.split(' ')),
);

/** Parses Pi's arguments and the double's own `--script` and `--version-like`. Throws `Leave` where Pi would exit. */
export function parsePiArguments(argv: readonly string[], env: NodeJS.ProcessEnv): PiArguments {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  const extensions: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const name = argv[at] ?? '';
    if (name.startsWith('@')) throw new Leave(1, 'Error: @file arguments are not supported in RPC mode');
    if (alone.has(name)) flags.add(name);
    else if (withValue.has(name)) {
      at += 1;
      values.set(name, argv[at] ?? '');
      if (name === '-e' || name === '--extension') extensions.push(argv[at] ?? '');
    } else if (name.startsWith('-')) throw new Leave(1, `Error: Unknown option: ${name}`);
  }
  const dialect = dialectOf(values.get('--version-like') ?? env['PI_AGENT_VERSION_LIKE'] ?? '0.87');
  if (flags.has('--version') || flags.has('-v')) throw new Leave(0, dialect.version);
  const missing = [...values.keys(), ...flags].find((name) => dialect.missingFlags.has(name));
  if (missing !== undefined) throw new Leave(1, `Error: Unknown option: ${missing}`);
  for (const path of extensions) {
    if (!existsSync(path))
      throw new Leave(1, `Error: Failed to load extension "${path}": Extension path does not exist`);
  }
  const sessionId = values.get('--session-id');
  if (sessionId !== undefined && !/^[A-Za-z0-9._-]+$/.test(sessionId)) {
    throw new Leave(1, `Error: Invalid session id: ${sessionId}`);
  }
  return {
    dialect,
    script: values.get('--script') ?? env['RUNTIME_SCRIPT'],
    model: values.get('--model') ?? 'fake/fake-1',
    session: values.get('--session'),
    sessionId,
    sessionDir: values.get('--session-dir'),
    sessionName: values.get('--name'),
    continueLast: flags.has('--continue') || flags.has('-c'),
    noSession: flags.has('--no-session'),
  };
}

function dialectOf(version: string): Dialect {
  if (isVersion(version)) return dialects[version];
  throw new Leave(1, `Error: --version-like takes ${Object.keys(dialects).join(', ')}, not ${version}`);
}

function isVersion(version: string): version is PiVersion {
  return Object.hasOwn(dialects, version);
}
