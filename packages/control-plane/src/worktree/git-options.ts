import { AgentRuntimeError } from '@runtime/contracts';
import { probeEnvironment } from '../task/given.ts';
import type { Task } from '../task/task.ts';

/** Of calls of `@runtime/worktrees`. */
export interface GitOptions {
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Git is looked up, and configured, as for the task's agent; where its variables are gone, as for the plane. */
export async function gitOptions(task: Task, signal: AbortSignal): Promise<GitOptions> {
  const own = await probeEnvironment(task).catch((thrown: unknown) => {
    if (AgentRuntimeError.from(thrown).code !== 'DATA_CORRUPT') throw thrown;
    return undefined;
  });
  return { signal, env: own ?? task.ctx.environment };
}
