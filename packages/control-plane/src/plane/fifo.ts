import { AgentRuntimeError, type Scheduler } from '@runtime/contracts';

/** The limits of `fifo`. */
export interface FifoOptions {
  /**
   * How many tasks may run at the same time, from 1. @default 4: agents are heavy, and their backends are rate-limited
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
    admit({ queued, running }, now) {
      const free = concurrency - running.length;
      const starts: string[] = [];
      if (free <= 0) return starts;
      for (const task of queued) {
        if (task.notBefore > now) continue;
        starts.push(task.taskId);
        if (starts.length === free) break;
      }
      return starts;
    },
  };
}
