import type { Usage } from '@runtime/contracts';
import type { PiUsage } from '../wire.ts';

/** The sum over several model calls. */
export interface UsageSum {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  cost: number;
}

export const noUsage = (): UsageSum => ({ input: 0, output: 0, cacheRead: 0, cacheWrite: 0, cost: 0 });

export function addUsage(sum: UsageSum, usage: PiUsage): void {
  sum.input += usage.input;
  sum.output += usage.output;
  sum.cacheRead += usage.cacheRead;
  sum.cacheWrite += usage.cacheWrite;
  sum.cost += usage.cost?.total ?? 0;
}

export const isUsed = (usage: PiUsage | undefined): usage is PiUsage =>
  usage !== undefined && usage.input + usage.output + usage.cacheRead + usage.cacheWrite > 0;

export function usageOf(sum: UsageSum, scope: Usage['scope']): Usage {
  return {
    scope,
    inputTokens: Math.round(sum.input),
    outputTokens: Math.round(sum.output),
    cacheReadTokens: Math.round(sum.cacheRead),
    cacheWriteTokens: Math.round(sum.cacheWrite),
    costUsd: sum.cost,
  };
}
