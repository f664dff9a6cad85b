import type { Usage } from '../vocabulary/usage.ts';
import type { RunState } from './task-state.ts';

/** The one and the other together, with the scope of the one. */
export function addUsage(one: Usage, other: Usage): Usage {
  const added = (name: 'cacheReadTokens' | 'cacheWriteTokens' | 'costUsd'): Partial<Usage> =>
    one[name] === undefined && other[name] === undefined ? {} : { [name]: (one[name] ?? 0) + (other[name] ?? 0) };
  return {
    scope: one.scope,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    ...added('cacheReadTokens'),
    ...added('cacheWriteTokens'),
    ...added('costUsd'),
  };
}

/**
 * What all runs of a task used; undefined where none has told. Of several runs of one conversation that report it as a
 * whole the last report counts, which has the others in it.
 */
export function usageOfRuns(runs: readonly RunState[]): Usage | undefined {
  const parts = new Map<string, Usage>();
  for (const { runId, agentSessionId = runId, usage } of runs) {
    if (usage) parts.set(usage.scope === 'cumulative' ? `session ${agentSessionId}` : `run ${runId}`, usage);
  }
  const [first, ...rest] = parts.values();
  return first && rest.reduce(addUsage, { ...first, scope: 'cumulative' });
}
