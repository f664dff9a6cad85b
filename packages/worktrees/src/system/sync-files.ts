import { runProgram } from '@runtime/adapter-kit/process';
import { AgentRuntimeError } from '@runtime/contracts';
import type { GitContext } from '../git/context.ts';
import { gitFailure } from '../git/git-failure.ts';

/**
 * Makes all files durable that were written to the file systems of these paths. False where no `sync` can do that, such
 * as everywhere but on Linux. Throws EXHAUSTED on a full disk, UNAVAILABLE where the medium fails.
 *
 * Git itself syncs neither the files of a checkout, nor what it keeps of a worktree, nor, unless it is told to, the
 * objects of a commit. After a power cut there would be names with nothing in them. One call for a whole file system
 * costs a tenth of a checkout, where a sync of each file costs twice as much as one.
 */
export function syncFiles(context: GitContext, paths: readonly string[]): Promise<boolean> {
  const { env, timeoutMs, signal } = context;
  return context.around('sync the files', async () => {
    if (process.platform !== 'linux') return false;
    const options = { env, timeoutMs, ...(signal ? { signal } : {}) };
    const result = await runProgram('sync', ['-f', '--', ...paths], options).catch((thrown: unknown) => {
      if (AgentRuntimeError.isInstance(thrown) && thrown.code === 'UNAVAILABLE') return undefined;
      throw thrown;
    });
    if (result === undefined || /(invalid|unrecognized) option|usage/i.test(result.stderr)) return false;
    if (result.code !== 0) throw gitFailure('sync', result);
    return true;
  });
}
