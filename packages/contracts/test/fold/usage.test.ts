import { describe, expect, it } from 'vitest';
import type { RunState } from '../../src/fold/index.ts';
import { usageOfRuns } from '../../src/fold/usage.ts';

type Told = Pick<RunState, 'runId' | 'agentSessionId' | 'usage'>;

const usage = (scope: 'turn' | 'cumulative', outputTokens: number, more = {}) =>
  ({ scope, inputTokens: 1, outputTokens, ...more }) as const;
const total = (...runs: readonly Told[]) => usageOfRuns(runs as readonly RunState[]);

describe('the usage of a task', () => {
  it('is nothing where no run has told any', () => {
    expect(total()).toBeUndefined();
    expect(total({ runId: 'a' })).toBeUndefined();
  });

  it('is that of its runs together', () => {
    const runs = [
      { runId: 'a', usage: usage('turn', 10, { costUsd: 1 }) },
      { runId: 'b' },
      { runId: 'c', agentSessionId: 's', usage: usage('turn', 20, { cacheReadTokens: 5 }) },
      { runId: 'd', agentSessionId: 's', usage: usage('turn', 30) },
    ];
    expect(total(...runs)).toEqual({
      scope: 'cumulative',
      inputTokens: 3,
      outputTokens: 60,
      cacheReadTokens: 5,
      costUsd: 1,
    });
  });

  it('counts a conversation once that several runs report as a whole', () => {
    const runs = [
      { runId: 'a', agentSessionId: 's', usage: usage('cumulative', 10) },
      { runId: 'b', agentSessionId: 's', usage: usage('cumulative', 25) },
      { runId: 'c', agentSessionId: 'other', usage: usage('cumulative', 7) },
      { runId: 'd', usage: usage('cumulative', 1) },
    ];
    expect(total(...runs)).toMatchObject({ inputTokens: 3, outputTokens: 33 });
  });
});
