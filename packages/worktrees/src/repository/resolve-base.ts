import { AgentRuntimeError } from '@runtime/contracts';
import { contextOf, type GitContext } from '../git/context.ts';
import { expectArgument, gitLine, git } from '../git/run-git.ts';
import type { WorktreeOptions } from '../options.ts';

/**
 * The full id of the commit that a name means: a branch, a tag, an abbreviated id, `HEAD~2`, as seen from the path.
 * A name that begins with `-` is a name, never an option. Throws INVALID_ARGUMENT for one that means no commit.
 *
 * @param repository - any path in the repository: HEAD is that of the checkout in which it lies
 */
export async function resolveBase(repository: string, base = 'HEAD', options: WorktreeOptions = {}): Promise<string> {
  expectArgument('the path of the repository', repository);
  expectArgument('the base', base);
  const context = await contextOf(options);
  const args = ['rev-parse', '--verify', '--end-of-options', `${base}^{commit}`];
  const call = { config: ['safe.bareRepository=all'], answers: [0, 128] };
  const { code, stdout, stderr } = await git(context, { cwd: repository }, args, call);
  if (code === 0) return stdout.toString().trim();
  throw new AgentRuntimeError('INVALID_ARGUMENT', `${JSON.stringify(base)} means no commit: ${stderr.trim()}`, {
    hint: 'name a branch, a tag or a commit of the repository; what is only on a remote has to be fetched first',
    details: { reason: 'unknownBase' },
  });
}

/** The commit that a ref points to, or undefined without one. */
export async function commitOf(context: GitContext, gitDir: string, name: string): Promise<string | undefined> {
  const args = ['rev-parse', '-q', '--verify', '--end-of-options', `${name}^{commit}`];
  const text = await gitLine(context, { gitDir }, args, { answers: [0, 1, 128] });
  return text === '' ? undefined : text;
}

export async function treeOf(context: GitContext, gitDir: string, commit: string): Promise<string> {
  return gitLine(context, { gitDir }, ['rev-parse', '--verify', '--end-of-options', `${commit}^{tree}`]);
}

export async function isAncestor(
  context: GitContext,
  gitDir: string,
  ancestor: string,
  commit: string,
): Promise<boolean> {
  if (ancestor === commit) return true;
  const args = ['merge-base', '--is-ancestor', ancestor, commit];
  return (await git(context, { gitDir }, args, { answers: [0, 1] })).code === 0;
}
