import { AgentRuntimeError, type TaskEvent } from '@runtime/contracts';
import { Collected } from '../artifacts/collected.ts';
import { keepContent } from '../artifacts/keep-content.ts';
import type { Task } from '../task/task.ts';
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
  const { worktree, runs } = task.state;
  if (!worktree) return nothing;
  const from = { origin: 'worktree', runId: runs.at(-1)?.runId } as const;
  task.isCollecting = true;
  try {
    const { kept, event } = await preserve(
      task,
      worktree,
      { ref: refOf(task.id), what: 'at its end' },
      task.ctx.closing,
    );
    await task.ctx.failpoint('worktree.kept');
    const parts = kept.changed ? await keepPatch(task, { ...worktree, commit: kept.commit }) : {};
    const collected = new Collected(from, parts);
    return { events: [event, ...collected.events], [Symbol.dispose]: () => collected[Symbol.dispose]() };
  } catch (thrown) {
    if (task.ctx.closing.aborted) throw thrown;
    const { rawMessage, hint } = AgentRuntimeError.from(thrown);
    const message = hint === undefined ? rawMessage : `${rawMessage} (${hint})`;
    const refused = [{ name, reason: 'unreadable' as const, message }];
    return { ...nothing, events: new Collected(from, { refused }).events };
  } finally {
    task.isCollecting = false;
  }
}

async function keepPatch(
  task: Task,
  range: { readonly repository: string; readonly base: string; readonly commit: string },
) {
  const { readPatch } = await import('@runtime/worktrees');
  const { closing: signal, environment: env } = task.ctx;
  return keepContent(task, { name, mediaType: 'text/x-diff' }, () => readPatch(range, { signal, env }));
}
