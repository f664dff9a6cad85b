import type { TaskView, Usage } from '@runtime/contracts';

/** The usage of all runs of a task together; undefined where no runtime reported any. */
export function totalUsage(view: TaskView): Usage | undefined {
  const reports = view.runs.flatMap(({ usage }) => (usage === undefined ? [] : [usage]));
  if (reports.length === 0) return undefined;
  const sum = (of: (usage: Usage) => number | undefined): number =>
    reports.reduce((total, usage) => total + (of(usage) ?? 0), 0);
  return {
    scope: 'cumulative',
    inputTokens: sum((usage) => usage.inputTokens),
    outputTokens: sum((usage) => usage.outputTokens),
    cacheReadTokens: sum((usage) => usage.cacheReadTokens),
    costUsd: sum((usage) => usage.costUsd),
  };
}

/** `12.3k tokens in, 640 out, 8.0k from the cache, $0.12`. */
export function formatUsage(usage: Usage): string {
  const cached = usage.cacheReadTokens ? `, ${formatCount(usage.cacheReadTokens)} from the cache` : '';
  const cost = usage.costUsd ? `, $${usage.costUsd.toFixed(usage.costUsd < 0.1 ? 4 : 2)}` : '';
  return `${formatCount(usage.inputTokens)} tokens in, ${formatCount(usage.outputTokens)} out${cached}${cost}`;
}

/** `640`, `12.3k`, `1.2M`. */
export const formatCount = (count: number): string =>
  count < 1000 ? String(count) : count < 1_000_000 ? `${(count / 1000).toFixed(1)}k` : `${(count / 1e6).toFixed(1)}M`;
