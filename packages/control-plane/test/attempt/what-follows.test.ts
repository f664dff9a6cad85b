import {
  runOutcomeSchema,
  type FailedOutcome,
  type OutcomeCode,
  type RunOutcome,
  type RuntimeCapabilities,
  type TaskSpec,
} from '@runtime/contracts';
import type { TaskState } from '@runtime/contracts/fold';
import type { NewEvent } from '@runtime/contracts/log';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterRecoveryAnswer,
  afterRejection,
  afterRun,
  backoffMs,
  targetAfter,
} from '../../src/attempt/what-follows.ts';
import { capabilities, fold, lastRun, started, starting, submitted, turnBegun } from '../support/states.ts';

interface Story {
  readonly spec?: Partial<TaskSpec>;
  readonly capabilities?: Partial<RuntimeCapabilities>;
  /** No turn has begun. */
  readonly untouched?: boolean;
  readonly toolStarted?: boolean;
  readonly over?: Record<string, unknown>;
}

const ended = (runId: string, outcome: RunOutcome): NewEvent => ({
  type: 'run.ended',
  runId,
  outcome,
  exit: { kind: 'unknown', why: 'x' },
});

/** A task whose only run ended like this. */
function after(outcome: RunOutcome, story: Story = {}): TaskState {
  const tool = { type: 'tool.started', runId: 'run-1', callId: 'c', name: 'write' };
  return fold([
    submitted(story.spec),
    starting(1, story.over),
    ...(story.untouched
      ? []
      : [
          started({ capabilities: { ...capabilities, ...story.capabilities } }),
          ...turnBegun,
          ...(story.toolStarted ? [tool] : []),
        ]),
    ended('run-1', outcome),
  ]);
}

const next = (outcome: RunOutcome, story?: Story) => {
  const state = after(outcome, story);
  return afterRun(state, lastRun(state), 1);
};
const failed = (code: OutcomeCode): FailedOutcome => ({ status: 'failed', code });
const noResume = { resume: 'none' } as const;
const second = { runtime: 'second' };

describe('what follows the end of a run', () => {
  it.each<RunOutcome>([{ status: 'succeeded' }, { status: 'cancelled' }, { status: 'timed_out', code: 'timeout' }])(
    'is the end of the task when it $status',
    (outcome) => {
      expect(next(outcome)).toEqual({ kind: 'end', outcome });
    },
  );

  describe('that never began', () => {
    const unavailable = failed('unavailable');

    it('is another start on the same runtime, after a pause', () => {
      expect(next(unavailable, { untouched: true })).toMatchObject({
        kind: 'schedule',
        mode: 'start',
        target: { runtime: 'first' },
        attempt: 2,
        delayMs: 1000,
      });
    });

    it('is the next runtime after the second failure', () => {
      const state = fold([
        submitted(),
        starting(1),
        ended('run-1', unavailable),
        starting(2, { mode: 'start' }),
        ended('run-2', unavailable),
      ]);
      expect(afterRun(state, lastRun(state), 0)).toMatchObject({
        mode: 'degrade',
        target: second,
        attempt: 3,
        delayMs: 0,
      });
    });

    it('is the same runtime again where there is no other, until the attempts are used', () => {
      const spec = { runtimes: [{ runtime: 'first' }] };
      const twice = [
        submitted(spec),
        starting(1),
        ended('run-1', unavailable),
        starting(2, { mode: 'start' }),
        ended('run-2', unavailable),
      ];
      const state = fold(twice);
      expect(afterRun(state, lastRun(state), 1)).toMatchObject({ mode: 'start', attempt: 3, delayMs: 2000 });
      const used = fold([...twice, starting(3, { mode: 'start' }), ended('run-3', unavailable)]);
      expect(afterRun(used, lastRun(used), 1)).toEqual({ kind: 'end', outcome: unavailable });
    });

    it('is the same start, at once and without costing an attempt, when its owner died before the spawn', () => {
      expect(next({ status: 'lost', code: 'unavailable' }, { untouched: true })).toMatchObject({
        mode: 'start',
        target: { runtime: 'first' },
        attempt: 1,
        delayMs: 0,
      });
    });

    it('is as if the resume had not been tried, when it was one', () => {
      const resume = [
        submitted(),
        starting(1),
        started({ capabilities: { ...capabilities, events: 'output' } }),
        ...turnBegun,
        ended('run-1', { status: 'lost', code: 'unknown' }),
        starting(2, { mode: 'resume', resumes: { runId: 'run-1', agentSessionId: 'session-1' } }),
        ended('run-2', unavailable),
      ];
      const asking = fold(resume);
      expect(afterRun(asking, lastRun(asking), 1)).toMatchObject({ kind: 'ask' });
      const going = fold([submitted({ recovery: 'restart' }), ...resume.slice(1)]);
      expect(afterRun(going, lastRun(going), 1)).toMatchObject({ mode: 'restart', target: { runtime: 'first' } });
    });

    it('is never a fresh conversation for somebody who asked to continue one', () => {
      expect(
        next(unavailable, { untouched: true, spec: { continueOf: 'task-0' }, over: { mode: 'resume' } }),
      ).toMatchObject({
        mode: 'resume',
      });
    });
  });

  it.each(['auth', 'quota', 'unmet_needs', 'invalid_request'] as const)(
    'is the next runtime after %s, else the end',
    (code) => {
      expect(next(failed(code))).toMatchObject({ kind: 'schedule', mode: 'degrade', target: second, delayMs: 0 });
      const spec = { runtimes: [{ runtime: 'first' }] };
      expect(next(failed(code), { spec })).toEqual({ kind: 'end', outcome: failed(code) });
    },
  );

  describe('that met a rate limit', () => {
    const limit = failed('rate_limit');

    it('is the same conversation, minutes later, or when the backend said', () => {
      expect(next(limit)).toMatchObject({ mode: 'resume', target: { runtime: 'first' }, delayMs: 120_000 });
      expect(next({ ...limit, retryAfterMs: 90_000 })).toMatchObject({ mode: 'resume', delayMs: 90_000 });
      expect(next({ ...failed('quota'), retryAfterMs: 90_000 })).toMatchObject({ mode: 'resume', delayMs: 90_000 });
    });

    it('is left alone twice as long each time, spread between half and the whole, for at most half an hour', () => {
      const delays = [1, 2, 3, 4, 5, 6, 7].map((count) => {
        const runs = Array.from({ length: count }, (_, index) => [
          starting(index + 1, { mode: index === 0 ? 'start' : 'resume', attempt: index + 1 }),
          ended(`run-${index + 1}`, limit),
        ]);
        const state = fold([submitted({ retry: { maxAttempts: 99, baseDelayMs: 1, maxDelayMs: 1 } }), ...runs.flat()]);
        return [0, 1].map((random) => {
          const step = afterRun(state, lastRun(state), random);
          return step.kind === 'schedule' ? step.delayMs / 60_000 : step.kind;
        });
      });
      expect(delays).toEqual([
        [1, 2],
        [2, 4],
        [4, 8],
        [8, 16],
        [15, 30],
        [15, 30],
        [15, 30],
      ]);
    });

    it('is asked again after a day at the latest, whatever the backend says', () => {
      expect(next({ ...limit, retryAfterMs: 9e12 })).toMatchObject({ delayMs: 86_400_000 });
    });

    it('waits as long as the task says where the backend says nothing', () => {
      const retry = { maxAttempts: 3, baseDelayMs: 1, maxDelayMs: 1, rateLimitDelayMs: 500 };
      expect(next(limit, { spec: { retry } })).toMatchObject({ delayMs: 500 });
    });

    it('is the next runtime when the deadline would come first', () => {
      const spec = { deadlineMs: 60_000 };
      expect(next(limit, { spec })).toMatchObject({ mode: 'degrade', target: second, delayMs: 0 });
      expect(next(limit, { spec: { ...spec, runtimes: [{ runtime: 'first' }] } })).toMatchObject({ mode: 'resume' });
    });

    it('starts again as it was to when its first instruction was refused: nothing was done', () => {
      const refused = { type: 'instruction.declined', runId: 'run-1', instructionId: 'ins-1', reason: '429' };
      const state = fold([
        submitted({ recovery: 'manual' }),
        starting(1),
        started(),
        { type: 'instruction.sending', runId: 'run-1', instructionId: 'ins-1' },
        refused,
        ended('run-1', limit),
      ]);
      expect(afterRun(state, lastRun(state), 1)).toMatchObject({ mode: 'start', delayMs: 120_000 });
    });

    it('starts again as it was to also when the turn of the refused instruction was seen: the conversation is empty', () => {
      const state = fold([
        submitted(),
        starting(1),
        started(),
        { type: 'instruction.sending', runId: 'run-1', instructionId: 'ins-1' },
        { type: 'turn.started', runId: 'run-1', turnId: '1', instructionId: 'ins-1' },
        { type: 'turn.ended', runId: 'run-1', turnId: '1', outcome: limit },
        { type: 'instruction.declined', runId: 'run-1', instructionId: 'ins-1', reason: '429' },
        ended('run-1', limit),
      ]);
      expect(afterRun(state, lastRun(state), 1)).toMatchObject({ mode: 'start', delayMs: 120_000 });
    });
  });

  it('is decided as if a resume had not been tried when the conversation is gone', () => {
    const gone = [
      submitted(),
      starting(1),
      started(),
      ...turnBegun,
      ended('run-1', { status: 'lost', code: 'unknown' }),
      starting(2, { mode: 'resume', resumes: { runId: 'run-1', agentSessionId: 'session-1' } }),
      ended('run-2', failed('invalid_request')),
    ];
    const state = fold(gone);
    expect(afterRun(state, lastRun(state), 1)).toMatchObject({ mode: 'restart', target: { runtime: 'first' } });
  });

  it.each(['auth', 'unmet_needs', 'invalid_request'] as const)(
    'is no second try of a start that failed with %s',
    (code) => {
      expect(next(failed(code), { untouched: true })).toMatchObject({ mode: 'degrade', target: second });
      const spec = { runtimes: [{ runtime: 'first' }] };
      expect(next(failed(code), { untouched: true, spec })).toEqual({ kind: 'end', outcome: failed(code) });
    },
  );

  it.each(['exit_code', 'model_error'] as const)('is the next runtime for %s, also after the last attempt', (code) => {
    const story = { spec: { degradeOn: [code] }, over: { attempt: 3 } };
    expect(next(failed(code), story)).toMatchObject({ mode: 'degrade', target: second });
  });

  it('is the next runtime after a timeout of the run where the task says so', () => {
    const late: RunOutcome = { status: 'timed_out', code: 'timeout' };
    expect(next(late, { spec: { degradeOn: ['timeout'] } })).toMatchObject({ mode: 'degrade', target: second });
  });

  describe.each<[string, RunOutcome]>([
    ['crashed', failed('crashed')],
    ['was killed', failed('killed')],
    ['was lost', { status: 'lost', code: 'unknown' }],
    ['was lost for no known reason', runOutcomeSchema.parse({ status: 'lost' })],
  ])('that %s in its turn', (_what, outcome) => {
    it('is the same conversation where the runtime can resume', () => {
      expect(next(outcome)).toMatchObject({ mode: 'resume', target: { runtime: 'first' }, attempt: 2, delayMs: 1000 });
      expect(next(outcome, { toolStarted: true })).toMatchObject({ mode: 'resume' });
      expect(next(outcome, { capabilities: { resume: 'lossy' } })).toMatchObject({ mode: 'resume' });
    });

    it.each<[TaskSpec['recovery'], 'structured' | 'output', boolean, 'restart' | 'ask']>([
      ['auto', 'structured', false, 'restart'],
      ['auto', 'structured', true, 'ask'],
      ['auto', 'output', false, 'ask'],
      ['manual', 'structured', false, 'ask'],
      ['manual', 'output', true, 'ask'],
      ['restart', 'structured', true, 'restart'],
      ['restart', 'output', true, 'restart'],
    ])('with recovery %s, %s events and a tool started: %s, is %s', (recovery, events, toolStarted, expected) => {
      const step = next(outcome, { spec: { recovery }, capabilities: { ...noResume, events }, toolStarted });
      if (expected === 'ask') expect(step.kind).toBe('ask');
      else expect(step).toMatchObject({ kind: 'schedule', mode: 'restart', target: { runtime: 'first' }, attempt: 2 });
    });

    it('is the end when the attempts are used', () => {
      expect(next(outcome, { over: { attempt: 3 } })).toEqual({ kind: 'end', outcome });
    });
  });

  it.each(['model_error', 'timeout'] as const)('is a resume after %s, else a restart', (code) => {
    expect(next(failed(code))).toMatchObject({ mode: 'resume', attempt: 2 });
    expect(next(failed(code), { capabilities: noResume, toolStarted: true })).toMatchObject({ mode: 'restart' });
    expect(next(failed(code), { over: { attempt: 3 } })).toEqual({ kind: 'end', outcome: failed(code) });
  });

  it.each([
    'refusal',
    'context_overflow',
    'deliverable_missing',
    'exit_code',
    'output_limit',
    'budget_exceeded',
  ] as const)('is the end after %s', (code) => {
    expect(next(failed(code))).toEqual({ kind: 'end', outcome: failed(code) });
  });

  it.each(['exit_code', 'refusal', 'context_overflow', 'model_error', 'timeout'] as const)(
    'is the next runtime after %s where the task says so, whether it could be resumed or not',
    (code) => {
      const spec = { degradeOn: [code] };
      expect(next(failed(code), { spec })).toMatchObject({ kind: 'schedule', mode: 'degrade', target: second });
      expect(next(failed(code), { spec, capabilities: noResume })).toMatchObject({ mode: 'degrade', target: second });
    },
  );

  it('ends when a turn failed in words that nobody can act on', () => {
    const state = fold([
      submitted(),
      starting(1),
      started(),
      ...turnBegun,
      { type: 'turn.ended', runId: 'run-1', turnId: '1', outcome: { status: 'failed', code: 'unknown' } },
      ended('run-1', failed('unknown')),
    ]);
    expect(afterRun(state, lastRun(state), 0)).toEqual({ kind: 'end', outcome: failed('unknown') });
  });
});

describe('the answer to a recovery question', () => {
  const lost: RunOutcome = { status: 'lost', code: 'unknown', message: 'gone' };

  it('is done as it was given', () => {
    const state = after(lost);
    expect(afterRecoveryAnswer(state, 'restart')).toMatchObject({
      mode: 'restart',
      target: { runtime: 'first' },
      attempt: 2,
    });
    expect(afterRecoveryAnswer(state, 'degrade')).toMatchObject({ mode: 'degrade', target: second });
  });

  it.each(['give_up', undefined])('%s means that the task is lost', (choice) => {
    expect(afterRecoveryAnswer(after(failed('crashed')), choice)).toEqual({
      kind: 'end',
      outcome: { status: 'lost', code: 'crashed' },
    });
  });

  it('to go to the next runtime where there is none means that the task is lost', () => {
    expect(afterRecoveryAnswer(after(lost, { spec: { runtimes: [{ runtime: 'first' }] } }), 'degrade')).toEqual({
      kind: 'end',
      outcome: lost,
    });
  });
});

describe('after a runtime was refused before it ran', () => {
  const refused = (runtime: string, code: string, reason: string): NewEvent => ({
    type: 'runtime.rejected',
    target: { runtime },
    code,
    reason,
  });

  it('comes the next one', () => {
    expect(afterRejection(fold([submitted(), refused('first', 'UNAVAILABLE', 'gone')]), 1)).toMatchObject({
      kind: 'schedule',
      mode: 'degrade',
      target: second,
      attempt: 1,
      delayMs: 0,
    });
  });

  it('comes the end after the last one, with all the reasons', () => {
    const both = [
      submitted(),
      refused('first', 'UNAVAILABLE', 'not installed'),
      refused('second', 'NOT_FOUND', 'unknown'),
    ];
    expect(afterRejection(fold(both), 1)).toEqual({
      kind: 'end',
      outcome: { status: 'failed', code: 'unavailable', message: 'first: not installed; second: unknown' },
    });
    const unmet = [submitted({ runtimes: [{ runtime: 'first' }] }), refused('first', 'UNSUPPORTED', 'it lacks steer')];
    expect(afterRejection(fold(unmet), 1)).toMatchObject({ outcome: { code: 'unmet_needs' } });
  });
});

describe('the ladder of targets', () => {
  it('tells another model on the same runtime from the same one', () => {
    const runtimes = [{ runtime: 'pi', model: 'a' }, { runtime: 'pi', model: 'b' }, { runtime: 'tmux' }];
    const state = fold([submitted({ runtimes })]);
    expect(targetAfter(state, { runtime: 'pi', model: 'a' })).toEqual(runtimes[1]);
    expect(targetAfter(state, { runtime: 'pi', model: 'b' })).toEqual(runtimes[2]);
    expect(targetAfter(state, { runtime: 'tmux' })).toBeUndefined();
  });
});

describe('the pause before another attempt', () => {
  it('doubles, stays under its limit, and is spread between its half and its whole', () => {
    const state = fold([submitted({ retry: { maxAttempts: 9, baseDelayMs: 100, maxDelayMs: 1500 } })]);
    expect([1, 2, 3, 4, 5, 6].map((failures) => backoffMs(state, failures, 1))).toEqual([
      100, 200, 400, 800, 1500, 1500,
    ]);
    expect(backoffMs(state, 1, 0)).toBe(50);
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const ms = backoffMs(state, failures, random);
        expect(ms).toBeGreaterThanOrEqual(50);
        expect(ms).toBeLessThanOrEqual(1500);
        expect(Number.isInteger(ms)).toBe(true);
      }),
    );
  });
});
