import type { Check, CheckCause } from '@runtime/contracts';
import type { CheckState } from '@runtime/contracts/fold';
import type { Task } from '../task/task.ts';
import { earliest } from '../waiting/clock.ts';

/** When a check has to end, whatever it does: its own limit, the task's deadline, a cancel. */
export class EndOfCheck implements Disposable {
  readonly #over = new AbortController();
  readonly #task: Task;
  readonly #check: CheckState;
  readonly #timeoutMs: number;
  /** Aborted when it has to end, and when the plane closes. */
  readonly signal: AbortSignal;
  /** Why, and in Unix ms since when; undefined when only the plane closes. */
  reached: { readonly cause: CheckCause; readonly at: number } | undefined;

  constructor(task: Task, check: CheckState, { timeoutMs }: Check) {
    this.#task = task;
    this.#check = check;
    this.#timeoutMs = timeoutMs;
    this.signal = AbortSignal.any([this.#over.signal, task.ctx.closing]);
    void this.#watch();
  }

  /** Unix ms; a machine that sleeps gives it more time. */
  get limit(): number {
    const { startedAt } = this.#check;
    return startedAt + this.#timeoutMs + this.#task.ctx.skippedSince(startedAt);
  }

  async #watch(): Promise<void> {
    const { bell, ctx } = this.#task;
    while (!this.signal.aborted) {
      const seen = bell.rings;
      const { cancel, spec, submittedAt } = this.#task.state;
      const now = ctx.clock();
      const deadline = spec.deadlineMs === undefined ? undefined : submittedAt + spec.deadlineMs;
      if (cancel) this.reached = { cause: 'cancel', at: now };
      else if (deadline !== undefined && now >= deadline) this.reached = { cause: 'deadline', at: deadline };
      else if (now >= this.limit) this.reached = { cause: 'timeout', at: this.limit };
      if (this.reached) return this.#over.abort();
      const timeoutMs = Math.max(0, (earliest(deadline, this.limit) ?? now) - now);
      await bell.wait(seen, { timeoutMs, signal: this.signal });
    }
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}
