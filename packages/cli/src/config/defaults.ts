import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { RuntimeConfig, RuntimeEntry } from './schema.ts';

const claudeVariables = ['ANTHROPIC_*', 'CLAUDE_CODE_OAUTH_TOKEN', 'CLAUDE_CONFIG_DIR'];

/** Without a file: Pi where it is on PATH, and Claude Code in a tmux pane where both are. */
export async function defaultConfig(env: Readonly<Record<string, string | undefined>>): Promise<RuntimeConfig> {
  const [pi, tmux, claude] = await Promise.all(['pi', 'tmux', 'claude'].map((name) => findOnPath(name, env['PATH'])));
  const runtimes: Record<string, RuntimeEntry> = {};
  // Pi is named even where it is missing, so that `runtime runtimes` can say so and how to get it.
  if (pi !== undefined || tmux === undefined || claude === undefined) runtimes['pi'] = { adapter: 'pi' };
  if (tmux !== undefined && claude !== undefined) {
    runtimes['claude'] = { adapter: 'tmux', command: ['claude', '-p', '{prompt}'], passEnv: claudeVariables };
  }
  return { runtimes };
}

/** The absolute path of a program, or undefined. Relative entries of PATH are not looked into: what they name depends on where one stands. */
export async function findOnPath(name: string, path: string | undefined): Promise<string | undefined> {
  for (const directory of (path ?? '').split(delimiter)) {
    if (!directory.startsWith('/') && process.platform !== 'win32') continue;
    const candidate = join(directory, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
