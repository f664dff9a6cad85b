import { readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The directory that this process was started in. Where it has been removed, its former path, which leads nowhere: no
 * task must run in another one.
 */
export function workingDirectory(env: Env): string {
  try {
    return process.cwd();
  } catch {
    const former = formerDirectory() ?? env['PWD'];
    return former !== undefined && isAbsolute(former) ? former : '/the-working-directory-was-removed';
  }
}

/** Moves this process to `/` where its directory was removed: Node and many packages throw without one. */
export function standSomewhere(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
  }
}

/** What the kernel remembers of it. Linux only. */
function formerDirectory(): string | undefined {
  try {
    return readlinkSync('/proc/self/cwd').replace(/ \(deleted\)$/, '');
  } catch {
    return undefined;
  }
}

/** Undefined for a user that is in no list of users, as in containers, when HOME is not set. */
export function homeDirectory(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Where tasks are kept by default: `$XDG_STATE_HOME/runtime`, else the platform's place for such data in the home
 * directory. Undefined without a home.
 */
export function defaultDataDir(env: Env, home: string | undefined, platform: NodeJS.Platform): string | undefined {
  const state = platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_STATE_HOME'];
  if (state !== undefined && isAbsolute(state)) return join(state, 'runtime');
  if (home === undefined) return undefined;
  if (platform === 'win32') return join(home, 'AppData', 'Local', 'runtime');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'runtime');
  return join(home, '.local', 'state', 'runtime');
}
