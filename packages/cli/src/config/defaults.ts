import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { RuntimeEntry } from '@runtime/adapters';
import type { RuntimeConfig } from './schema.ts';

const claudeVariables = ['ANTHROPIC_*', 'CLAUDE_CODE_OAUTH_TOKEN', 'CLAUDE_CONFIG_DIR'];

/**
 * The configuration without a file: Pi, and Claude Code in a tmux pane. Both are there even where they are not
 * installed, so that `runtime runtimes` can say so and `--on pi,claude` can fall back. Where only one of them is on
 * PATH, it is the default of tasks.
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

/** The absolute path of a program. Skips relative entries of PATH, which depend on the working directory. */
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
