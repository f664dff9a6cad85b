import { throwIfAborted } from '@runtime/contracts';
import type { Around, WorktreeOptions } from '../options.ts';
import { gitEnvironment } from './environment.ts';
import { gitVersion, type GitVersion } from './version.ts';

/** The options of a call with their defaults, and what is known of the program. */
export interface GitContext {
  readonly program: string;
  readonly version: GitVersion;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly around: Around;
  readonly signal: AbortSignal | undefined;
}

/** Throws UNAVAILABLE without a git, UNSUPPORTED with an old one, CANCELLED when `signal` is aborted already. */
export async function contextOf(options: WorktreeOptions): Promise<GitContext> {
  throwIfAborted(options.signal);
  const program = options.git ?? 'git';
  const env = gitEnvironment(options.env ?? process.env);
  return {
    program,
    version: await gitVersion(program, env),
    env,
    timeoutMs: options.timeoutMs ?? 600_000,
    lockTimeoutMs: options.lockTimeoutMs ?? 10_000,
    around: options.around ?? ((_step, work) => work()),
    signal: options.signal,
  };
}
