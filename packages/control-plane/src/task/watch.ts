import type { Task } from './task.ts';

/** What a look at a task finds: what was looked for, or when to look again (Unix ms; undefined: only after a change). */
export type Look<T> = { readonly found: T } | { readonly wakeAt: number | undefined };

/**
 * Looks at a task after each of its changes, and when the last look asked for it, until one finds something: `signal` is
 * aborted with that. Disposing of it ends the looking, and aborts `over` alone.
 */
export class Watch<T> implements Disposable {
  readonly #seen = new AbortController();
  readonly #over = new AbortController();
  readonly signal: AbortSignal = this.#seen.signal;
  readonly over: AbortSignal = this.#over.signal;
  found: T | undefined;

  constructor(task: Task, look: (task: Task) => Look<T>) {
    void this.#work(task, look);
  }

  async #work(task: Task, look: (task: Task) => Look<T>): Promise<void> {
    while (!this.over.aborted) {
      const seen = task.bell.rings;
      const step = look(task);
      if ('found' in step) {
        this.found = step.found;
        return this.#seen.abort(step.found);
      }
      const timeoutMs = step.wakeAt === undefined ? undefined : step.wakeAt - task.ctx.clock();
      await task.bell.wait(seen, { timeoutMs, signal: this.over });
    }
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}
