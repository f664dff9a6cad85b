import { AgentRuntimeError } from '@runtime/contracts';
import { currentRun } from '@runtime/contracts/fold';
import { betweenRuns } from '../attempt/between-runs.ts';
import { driveRun } from '../run/drive-run.ts';
import { Task } from '../task/task.ts';

const setAsideMs = 30_000;

/**
 * A task at work: one loop that looks at the folded state, does the next thing the state asks for, and records the
 * result.
 * A new owner therefore goes on exactly where the log ends.
 */
export class TaskActor extends Task {
  #working: Promise<void> | undefined;
  #isWoken = false;

  wake(): void {
    this.#isWoken = true;
    if (this.#working || this.ctx.closing.aborted || this.state.outcome) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      // Woken between the last look and now.
      if (this.#isWoken) this.wake();
      this.host.changed(this);
    });
  }

  /** Resolves once the loop rests; for closing. */
  override async settled(): Promise<void> {
    this.wakeAt(undefined);
    await this.#working;
    await super.settled();
  }

  async #work(): Promise<void> {
    try {
      while (this.#isWoken && !this.ctx.closing.aborted && !this.state.outcome) {
        this.#isWoken = false;
        const run = currentRun(this.state);
        const progressed = run ? await driveRun(this, run) : await betweenRuns(this);
        if (progressed) this.#isWoken = true;
      }
    } catch (error) {
      if (!this.ctx.closing.aborted) this.#setAside(error);
    }
    if (this.state.outcome) this.wakeAt(undefined);
  }

  /**
   * A task that our own code cannot go on with must not take the others with it: it warns, and is looked at again
   * later.
   */
  #setAside(error: unknown): void {
    const { message } = AgentRuntimeError.from(error);
    process.emitWarning(`task ${this.id} is set aside for ${setAsideMs / 1000} s: ${message}`, 'AgentRuntimeWarning');
    const until = this.ctx.clock() + setAsideMs;
    // Without a hold the scheduler would let it start, and fail, again and again.
    this.hold = { until, why: { kind: 'fault', until, text: `It could not go on: ${message}`.slice(0, 2000) } };
    this.wakeAt(until);
  }
}
