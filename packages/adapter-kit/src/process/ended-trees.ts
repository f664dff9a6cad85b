import { identityKey, type ProcessIdentity } from './identity.ts';

/** Far more than end at a time. What is forgotten is looked for once more. */
const maxRemembered = 1000;

/** What is needed to name a tree for good. */
interface NamedTree {
  readonly runId: string;
  readonly beginning?: ProcessIdentity | undefined;
}

const ended = new Map<string, readonly ProcessIdentity[]>();

/**
 * Remembers, in this process, that a tree is gone: only its own processes start others of it, so it stays gone. With
 * the strays that were found when it ended.
 */
export function noteEnded(tree: NamedTree, strays: readonly ProcessIdentity[]): void {
  const key = keyOf(tree);
  if (key === undefined) return;
  ended.set(key, strays);
  const [oldest] = ended.keys();
  if (ended.size > maxRemembered && oldest !== undefined) ended.delete(oldest);
}

/** Takes back what `noteEnded` remembers. */
export function forgetEnded(tree: NamedTree): void {
  const key = keyOf(tree);
  if (key !== undefined) ended.delete(key);
}

/** The strays of a tree that is known to be gone; undefined for one that has to be looked for. */
export function straysOfEnded(tree: NamedTree): readonly ProcessIdentity[] | undefined {
  const key = keyOf(tree);
  return key === undefined ? undefined : ended.get(key);
}

/** A run without a first process may begin yet. */
function keyOf({ runId, beginning }: NamedTree): string | undefined {
  return beginning && `${beginning.bootId} ${identityKey(beginning)} ${runId}`;
}
