import { dirname, join } from 'node:path';
import type { Retention, TaskView } from '@runtime/contracts';
import { taskStream } from '@runtime/contracts/log';
import type { Plane } from '../plane/plane.ts';
import { atOnce, letOthersRun } from './let-others-run.ts';
import { diskUse } from './disk-use.ts';

/** What is to be known of a task to remove it. */
export interface Removable {
  readonly id: string;
  /** The directories of its runs, by name. */
  readonly runs: readonly string[];
  /** It had checks, whose directories its events name. */
  readonly isChecked: boolean;
  readonly artifactBytes: number;
  readonly hasWorktree: boolean;
}

export const removable = ({ id, runs, check, artifacts, worktree }: TaskView): Removable => ({
  id,
  runs: runs.map(({ runId }) => runId),
  isChecked: check !== undefined,
  artifactBytes: artifacts?.bytes ?? 0,
  hasWorktree: worktree !== undefined,
});

/** The ended tasks that go by these limits, in the order of their ends. */
export function chooseTasks(plane: Plane, retention: Retention, signal: AbortSignal): Promise<Removable[]> {
  const { ended } = plane.registry;
  return ended.whole(async () => {
    const limits = await Limits.of(plane, retention, signal);
    const continued = plane.continued();
    const chosen: Removable[] = [];
    for await (const tasks of ended.oldestFirst()) {
      let areOld = false;
      for (const [at, view] of tasks.entries()) {
        if (at % atOnce === 0) await letOthersRun(signal);
        if (continued.has(view.id)) continue;
        const isOld = limits.isOld(view);
        areOld ||= isOld;
        if (!isOld && !limits.isAbove) continue;
        const task = removable(view);
        chosen.push(task);
        await limits.gone(task);
      }
      // Clocks are set: ends are nearly in the order of their times, and not quite.
      if (!areOld && !limits.isAbove) break;
    }
    return chosen;
  });
}

/** How much is left to remove. */
class Limits {
  readonly #plane: Plane;
  readonly #before: number;
  #tooMany: number;
  #bytesTooMany: number;
  readonly #bytesPerEvent: number;

  private constructor(plane: Plane, retention: Retention, { tasks, log, bytes }: Amounts) {
    this.#plane = plane;
    const { olderThanMs, keep, maxBytes } = retention;
    this.#before = olderThanMs === undefined ? 0 : plane.ctx.clock() - olderThanMs;
    this.#tooMany = keep === undefined ? 0 : tasks - keep;
    this.#bytesTooMany = maxBytes === undefined ? 0 : bytes - maxBytes;
    this.#bytesPerEvent = log / Math.max(1, plane.ctx.log.head);
  }

  static async of(plane: Plane, retention: Retention, signal: AbortSignal): Promise<Limits> {
    const { recent, pages } = plane.registry.ended.all();
    const tasks = recent.length + pages.reduce((sum, { count }) => sum + count, 0);
    if (retention.maxBytes === undefined) return new Limits(plane, retention, { tasks, log: 0, bytes: 0 });
    const dataDir = dirname(plane.ctx.runsDir);
    const [log, bytes] = await Promise.all([diskUse(join(dataDir, 'log'), signal), diskUse(dataDir, signal)]);
    return new Limits(plane, retention, { tasks, log, bytes });
  }

  isOld({ endedAt = Infinity }: TaskView): boolean {
    return endedAt < this.#before;
  }

  /** There are too many tasks, or too many bytes. */
  get isAbove(): boolean {
    return this.#tooMany > 0 || this.#bytesTooMany > 0;
  }

  async gone({ id, runs, artifactBytes }: Removable): Promise<void> {
    this.#tooMany -= 1;
    if (this.#bytesTooMany <= 0) return;
    const { log, runsDir } = this.#plane.ctx;
    for (const run of runs) this.#bytesTooMany -= await diskUse(join(runsDir, run));
    this.#bytesTooMany -= artifactBytes + log.revision(taskStream(id)) * this.#bytesPerEvent;
  }
}

interface Amounts {
  /** Ended ones. */
  readonly tasks: number;
  readonly log: number;
  /** Of the whole data directory. */
  readonly bytes: number;
}
