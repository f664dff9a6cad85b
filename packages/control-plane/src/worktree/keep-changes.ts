import { AgentRuntimeError, messageWithHint, type TaskEvent } from '@runtime/contracts';
import type { DiffRange, NewWorktree, Worktree } from '@runtime/worktrees';
import { Collected } from '../artifacts/collected.ts';
import { keepContent } from '../artifacts/keep-content.ts';
import type { Task } from '../task/task.ts';
import { Watch } from '../task/watch.ts';
import { gitOptions, type GitOptions } from './git-options.ts';
import { planned } from './plan.ts';
import { preserve, refOf } from './preserve.ts';

const name = 'changes.patch';

/** What was kept of a worktree, as events. */
export interface KeptChanges extends Disposable {
  readonly events: readonly TaskEvent[];
}

const nothing: KeptChanges = { events: [], [Symbol.dispose]: () => {} };

/**
 * Keeps what is in the worktree of a task that ends: by a ref of the repository, and its changes as a patch among the
 * artifacts. A repository that cannot be used ends no work: what is in the worktree stays there, and the refusal says so.
 */
export async function keepChanges(task: Task): Promise<KeptChanges> {
  const plan = planned(task);
  if (!plan) return nothing;
  const { closing } = task.ctx;
  const from = { origin: 'worktree', runId: task.state.runs.at(-1)?.runId } as const;
  // A full disk is waited for, but not by a task that was cancelled.
  using watch = new Watch(task, ({ state: { cancel } }) => (cancel ? { found: cancel } : { wakeAt: undefined }));
  const whileRoom = AbortSignal.any([watch.signal, closing]);
  task.isCollecting = true;
  try {
    const options = await gitOptions(task, closing);
    const worktree = task.state.worktree ?? (await takeOver(task, plan, options));
    if (!worktree) return nothing;
    const as = { ref: refOf(task.id), what: 'at its end' };
    const { kept, event } = await task.whenThereIsRoom(() => preserve(task.id, worktree, as, options), whileRoom);
    await task.ctx.failpoint('worktree.kept');
    const range = { ...worktree, commit: kept.commit };
    const parts = kept.changed ? await keepPatch(task, range, options) : {};
    const collected = new Collected(from, parts);
    return { events: [event, ...collected.events], [Symbol.dispose]: () => collected[Symbol.dispose]() };
  } catch (thrown) {
    if (closing.aborted || !AgentRuntimeError.isInstance(thrown)) throw thrown;
    const refused = [{ name, reason: 'unreadable' as const, message: messageWithHint(thrown) }];
    return { ...nothing, events: new Collected(from, { refused }).events };
  } finally {
    task.isCollecting = false;
  }
}

/** What an owner began that died: the worktree where it is whole; what is half made is taken away. */
async function takeOver(task: Task, plan: NewWorktree, options: GitOptions): Promise<Worktree | undefined> {
  if (task.state.runs.length > 0) return undefined;
  const { abandonWorktree } = await import('@runtime/worktrees');
  const worktree = await abandonWorktree(plan, options);
  if (worktree) await task.record(() => [{ type: 'worktree.added', worktree }]);
  return worktree;
}

async function keepPatch(task: Task, range: DiffRange, options: GitOptions) {
  const { readPatch } = await import('@runtime/worktrees');
  return keepContent(task, { name, mediaType: 'text/x-diff' }, () => readPatch(range, options));
}
