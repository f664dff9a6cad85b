import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { RuntimeConfig, RuntimeEntry } from './schema.ts';

const claudeVariables = ['ANTHROPIC_*', 'CLAUDE_CODE_OAUTH_TOKEN', 'CLAUDE_CONFIG_DIR'];

/**
 * Without a file: Pi, and Claude Code in a tmux pane. Both are named even where they are missing, so that `runtime runtimes` can say so
 * and `--on pi,claude` falls back; a task that names none takes the one that is on PATH, where only one is.
 */
export async function defaultConfig(env: Readonly<Record<string, string | undefined>>): Promise<RuntimeConfig> {
  const [pi, tmux, claude] = await Promise.all(['pi', 'tmux', 'claude'].map((name) => findOnPath(name, env['PATH'])));
  const runtimes: Record<string, RuntimeEntry> = {
    pi: { adapter: 'pi' },
    claude: { adapter: 'tmux', command: ['claude', '-p', '{prompt}'], passEnv: claudeVariables },
  };
  const hasPi = pi !== undefined;
  const hasClaude = tmux !== undefined && claude !== undefined;
  return hasPi === hasClaude ? { runtimes } : { runtimes, defaults: { runtimes: [hasPi ? 'pi' : 'claude'] } };
}

/** The absolute path of a program, or undefined. Relative entries of PATH are not looked into: what they name depends on where one stands. */
async function findOnPath(name: string, path: string | undefined): Promise<string | undefined> {
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
