import { createHash } from 'node:crypto';
import type { TaskSpec } from '@runtime/contracts';

/**
 * A digest by which a reused key is seen to ask for the same thing. Keys of objects are in the order of their schema,
 * so JSON is stable. The variables of the shell are circumstances and not what is asked; a definition is its digest.
 */
export function specDigest(spec: TaskSpec): string {
  const { environment: _, definitions, worktree, ...rest } = spec;
  // What a branch pointed to when it was submitted is a circumstance, too.
  const asked = worktree ? { ...rest, worktree: worktree.base } : rest;
  const ids = Object.keys(definitions ?? {}).sort();
  const digests = ids.map((id) => [id, definitions?.[id]?.digest]);
  const whole = ids.length === 0 ? asked : { ...asked, definitions: digests };
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex').slice(0, 32);
}
