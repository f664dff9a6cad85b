import {
  AgentRuntimeError,
  type QueuedTask,
  type RunningTask,
  type ScheduleState,
  type Scheduler,
  type WaitingFor,
} from '@runtime/contracts';

/** The limits of `fifo`. */
export interface FifoOptions {
  /**
   * How many tasks may run at the same time, from 1. A running task lends its place to one task that was submitted from
   * its run, or that its run waits for; at most 8 more tasks than this ever run. @default 4: agents are heavy, and their
   * backends are rate-limited
   */
  readonly concurrency?: number;
}

/**
 * The plainest scheduler: first come, first served. A task whose time has not come does not hold up those behind it.
 * Throws INVALID_ARGUMENT for a concurrency that is no whole number from 1.
 */
export function fifo(options: FifoOptions = {}): Scheduler {
  const concurrency = options.concurrency ?? 4;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `concurrency must be a whole number from 1, not ${concurrency}`);
  }
  return {
    admit({ queued, running, children = [] }, now) {
      const places = new Places(concurrency, running);
      const starts: string[] = [];
      for (const task of children) {
        if (task.notBefore <= now && places.lend(task)) starts.push(task.taskId);
      }
      if (places.free <= 0) return starts;
      for (const task of queued) {
        if (task.notBefore > now || places.has(task.taskId)) continue;
        places.add(task);
        starts.push(task.taskId);
        if (places.free === 0) break;
      }
      return starts;
    },
    waitsFor: (_task, state) => allTaken(concurrency, state),
  };
}

/** The places of running tasks. */
class Places {
  readonly #concurrency: number;
  readonly #running = new Set<string>();
  /** Tasks that have lent their place to a task from their run, or from a run further down. */
  readonly #lent = new Set<string>();

  constructor(concurrency: number, running: readonly RunningTask[]) {
    this.#concurrency = concurrency;
    for (const task of running) this.add(task);
  }

  get free(): number {
    return this.#concurrency - this.#running.size;
  }

  has(taskId: string): boolean {
    return this.#running.has(taskId);
  }

  add({ taskId, ancestors = [] }: Pick<QueuedTask, 'taskId' | 'ancestors'>): void {
    this.#running.add(taskId);
    for (const each of ancestors) this.#lent.add(each);
  }

  /**
   * Gives a task the place of an ancestor that runs and has lent it to no other, if the tasks that are no ancestors
   * leave one. Whatever started last can therefore have what it waits for, so that families never wait for
   * one another in a circle; and as nobody has more than eight ancestors, no more than eight places are lent at a time.
   */
  lend(task: QueuedTask): boolean {
    const { ancestors = [], taskId } = task;
    const lender = ancestors.find((each) => this.#running.has(each) && !this.#lent.has(each));
    if (lender === undefined || this.#running.has(taskId)) return false;
    const others = this.#running.size - ancestors.filter((each) => this.#running.has(each)).length;
    if (others >= this.#concurrency) return false;
    this.add(task);
    return true;
  }
}

const maxNamed = 4;

function allTaken(concurrency: number, { running }: ScheduleState): WaitingFor {
  const ids = running.map(({ taskId }) => taskId);
  const more = ids.length > maxNamed ? ` and ${ids.length - maxNamed} more` : '';
  const text = `All ${concurrency} places are taken, by ${ids.slice(0, maxNamed).join(', ')}${more}`;
  const [holder] = ids;
  return { kind: 'concurrency', ...(holder === undefined ? {} : { taskId: holder }), text };
}
