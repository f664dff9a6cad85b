import { AgentRuntimeError } from '@runtime/contracts';
import type { GitContext } from '../git/context.ts';
import { isCovered } from './covered.ts';
import { takeSnapshot, type Snapshot } from '../snapshot/snapshot.ts';
import type { Standing } from '../snapshot/standing.ts';
import { processesIn } from '../system/processes.ts';

/** Throws CONFLICT `process` while a process is there. */
export async function expectNobody(dir: string): Promise<{ readonly looked: boolean }> {
  const { looked, processes } = await processesIn(dir);
  if (processes.length === 0) return { looked };
  const who = processes.map(({ pid, by }) => `${pid} (${by})`).join(', ');
  throw new AgentRuntimeError('CONFLICT', `processes are at work in ${dir}: ${who}`, {
    hint: 'end them, or have them leave the directory',
    details: { reason: 'process', processes },
  });
}

/** Throws CONFLICT `unpreserved` where a commit cannot keep all of it. */
export function expectKeepable({ unpreserved }: Pick<Snapshot, 'unpreserved'>): void {
  if (unpreserved.length === 0) return;
  const [first] = unpreserved;
  throw new AgentRuntimeError('CONFLICT', `a commit cannot keep ${first?.path} (${first?.why})`, {
    hint: 'move it out of the worktree; commits of a submodule or another repository can be pushed',
    details: { reason: 'unpreserved', count: unpreserved.length, unpreserved },
  });
}

/** Throws CONFLICT where the commit does not keep what is there now. */
export async function expectPreserved(context: GitContext, place: Standing, commit: string): Promise<void> {
  const snapshot = await takeSnapshot(context, place);
  expectKeepable(snapshot);
  if (!(await isCovered(context, place.gitDir, snapshot, commit))) throw changed(place.workTree);
}

export const changed = (dir: string): AgentRuntimeError =>
  new AgentRuntimeError('CONFLICT', `${dir} is not what was preserved`, {
    hint: 'preserve it again',
    details: { reason: 'changed' },
  });
