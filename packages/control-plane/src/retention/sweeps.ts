import { AgentRuntimeError, type Retention } from '@runtime/contracts';
import { collectGarbage } from '../artifacts/collect-garbage.ts';
import type { Plane } from '../plane/plane.ts';
import { chooseTasks } from './choose.ts';
import { endRemovals, removeTasks } from './remove-tasks.ts';

/** What is kept: limits, `false` for everything, or a function that is asked each time. */
export type RetentionSetting = Retention | false | (() => Promise<Retention | false>);

/** So that an owner which was opened for a moment, and the tasks that it takes up, come first. */
const firstMs = 60_000;
/** A clock that has jumped so far is wrong, or the machine slept: either shows by the next sweep. */
const doubtfulMs = 86_400_000;

/**
 * Removes ended tasks by themselves: a minute after the opening, and every few hours. What an earlier owner has begun to
 * remove is ended at once.
 */
export class Sweeps {
  readonly #plane: Plane;
  readonly #setting: RetentionSetting;
  #timer: NodeJS.Timeout | undefined;
  #warned: string | undefined;
  #sweptAt: number;

  constructor(plane: Plane, setting: RetentionSetting) {
    this.#plane = plane;
    this.#setting = setting;
    this.#sweptAt = plane.ctx.clock();
  }

  start(): void {
    const { sweepEveryMs } = this.#plane.ctx.tuning;
    void this.#guarded(() => endRemovals(this.#plane));
    this.#next(Math.min(firstMs, sweepEveryMs));
  }

  #next(ms: number): void {
    const { closing, tuning } = this.#plane.ctx;
    if (closing.aborted) return;
    this.#timer = setTimeout(() => {
      void this.#guarded(() => this.#sweep()).then(() => this.#next(tuning.sweepEveryMs));
    }, ms).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** One after the other with all other removals. A failure is only told: the next one tries again. */
  async #guarded(work: () => Promise<unknown>): Promise<void> {
    try {
      await this.#plane.removing.run(work);
    } catch (thrown) {
      const { message } = AgentRuntimeError.from(thrown);
      if (this.#plane.ctx.closing.aborted || message === this.#warned) return;
      this.#warned = message;
      process.emitWarning(`ended tasks could not be removed: ${message}`, 'AgentRuntimeWarning');
    }
  }

  async #sweep(): Promise<void> {
    const plane = this.#plane;
    const { ctx, registry } = plane;
    const retention = typeof this.#setting === 'function' ? await this.#setting() : this.#setting;
    const jumpedMs = ctx.skippedSince(this.#sweptAt);
    this.#sweptAt = ctx.clock();
    if (retention === false || jumpedMs >= doubtfulMs) return;
    const tasks = await chooseTasks(plane, retention, ctx.closing);
    if (tasks.length > 0) {
      const why = `retention: ${JSON.stringify(retention)}`;
      await removeTasks(plane, tasks, { by: 'plane', why, dryRun: false }, ctx.closing);
    }
    if (!registry.removals.uncollected) return;
    registry.removals.uncollected = false;
    try {
      await collectGarbage(ctx.log, await ctx.artifacts(), { dryRun: false, signal: ctx.closing });
    } catch (error) {
      registry.removals.uncollected = true;
      throw error;
    }
  }
}
