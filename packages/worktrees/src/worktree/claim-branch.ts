import { AgentRuntimeError } from '@runtime/contracts';
import type { GitContext } from '../git/context.ts';
import { baseRef, branchRef, isCheckedOut, moveRef, removeRef } from '../repository/refs.ts';
import { commitOf } from '../repository/resolve-base.ts';

interface Claim {
  readonly repository: string;
  readonly branch: string;
  readonly base: string;
  readonly owner: string;
}

/** Makes the branch, after a ref that says that it is ours. One that has commits since its base is left alone. */
export async function claimBranch(context: GitContext, { repository, branch, base, owner }: Claim): Promise<void> {
  const began = await commitOf(context, repository, baseRef(branch));
  const tip = await commitOf(context, repository, branchRef(branch));
  const isTaken = tip !== undefined && (tip !== began || (await isCheckedOut(context, repository, branch)));
  if (isTaken) {
    throw new AgentRuntimeError('CONFLICT', `the branch ${branch} is there already`, {
      hint: 'name a branch that is not there, or rename or delete this one',
      details: { reason: 'branch' },
    });
  }
  const why = `runtime: ${owner}`;
  if (began !== base) await moveRef(context, repository, baseRef(branch), { to: base, from: began ?? '', why });
  if (tip !== base) await moveRef(context, repository, branchRef(branch), { to: base, from: tip ?? '', why });
}

/** Takes the claim back, where there is one, as far as nothing was done with it. */
export async function letGoOfBranch(context: GitContext, { repository, branch, base }: Claim): Promise<void> {
  if ((await commitOf(context, repository, baseRef(branch))) !== base) return;
  // Another call may have made a worktree of it at the same moment.
  if (await isCheckedOut(context, repository, branch)) return;
  if ((await commitOf(context, repository, branchRef(branch))) === base) {
    await removeRef(context, repository, branchRef(branch), base);
  }
  await removeRef(context, repository, baseRef(branch), base);
}
