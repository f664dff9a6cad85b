import { AgentRuntimeError, type RunOutcome, type StopCause } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import type { NewEvent } from '@runtime/contracts/log';
import { describe, expect, it } from 'vitest';
import { outcomeOfRun } from '../../src/run/run-outcome.ts';
import { fold, inTurn, lastRun, started, starting, submitted } from '../support/states.ts';

const run = { runId: 'run-1' };
const unseen: Exit = { kind: 'unknown', why: 'nobody saw it' };
const clean: Exit = { kind: 'exited', code: 0 };
const killed: Exit = { kind: 'signaled', signal: 'SIGKILL' };
const ended = (outcome: RunOutcome): NewEvent => ({ type: 'turn.ended', ...run, turnId: '1', outcome });
const stop = (cause: StopCause): NewEvent => ({ type: 'run.stopping', ...run, cause });
const of = (events: readonly NewEvent[], exit: Exit = clean, failure?: AgentRuntimeError) => {
  const state = fold(events);
  return outcomeOfRun(state, lastRun(state), exit, failure);
};
const succeeded: RunOutcome = { status: 'succeeded' };

describe('how a run ended', () => {
  it.each<[StopCause, RunOutcome]>([
    ['cancel', { status: 'cancelled' }],
    ['deadline', { status: 'timed_out', code: 'timeout' }],
    ['run_timeout', { status: 'timed_out', code: 'timeout' }],
    ['idle_timeout', { status: 'timed_out', code: 'timeout' }],
    ['output_limit', { status: 'failed', code: 'output_limit' }],
    ['unmet_needs', { status: 'failed', code: 'unmet_needs' }],
    ['lost_control', { status: 'lost', code: 'unknown' }],
  ])('when it was stopped in its turn by %s', (cause, outcome) => {
    expect(of([...inTurn(), stop(cause)], killed)).toMatchObject(outcome);
    // What the agent says while it is being stopped is not why.
    expect(of([...inTurn(), stop(cause), ended(succeeded)], killed)).toMatchObject(outcome);
  });

  it.each<StopCause>(['idle', 'closed', 'idle_timeout'])(
    'is its turn’s own outcome when it rested, then %s',
    (cause) => {
      expect(of([...inTurn(), ended(succeeded), stop(cause)], killed)).toEqual(succeeded);
      const refusal: RunOutcome = { status: 'failed', code: 'refusal', message: 'no' };
      expect(of([...inTurn(), ended(refusal), stop(cause)], killed)).toEqual(refusal);
    },
  );

  it('is its turn’s own outcome when the process then ended by itself, whatever its code', () => {
    expect(of([...inTurn(), ended(succeeded)], { kind: 'exited', code: 3 })).toEqual(succeeded);
  });

  it('is what was seen of its process when it ended in its turn', () => {
    expect(of(inTurn(), killed)).toEqual({
      status: 'failed',
      code: 'killed',
      message: 'The agent was killed by SIGKILL in the middle of its turn',
    });
    expect(of(inTurn(), { kind: 'signaled', signal: 'SIGSEGV' })).toMatchObject({ status: 'failed', code: 'crashed' });
    expect(of(inTurn(), { kind: 'exited', code: 7 })).toMatchObject({ status: 'failed', code: 'crashed' });
    expect(of(inTurn(), clean)).toMatchObject({ status: 'failed', code: 'crashed' });
    expect(of(inTurn(), unseen)).toEqual({ status: 'lost', code: 'unknown', message: 'nobody saw it' });
  });

  it('is a crash before its first turn when there was none', () => {
    expect(of([submitted(), starting(1), started()], clean)).toMatchObject({
      code: 'crashed',
      message: 'The agent ended with code 0 before its first turn',
    });
  });

  it('is lost when its turn broke off and nobody saw its process end', () => {
    const crash: RunOutcome = { status: 'failed', code: 'crashed' };
    expect(of([...inTurn(), ended(crash)], unseen)).toEqual({ status: 'lost', code: 'crashed' });
    expect(of([...inTurn(), ended(crash)], clean)).toEqual(crash);
    const refusal: RunOutcome = { status: 'failed', code: 'refusal' };
    expect(of([...inTurn(), ended(refusal)], unseen)).toEqual(refusal);
  });

  it('is the refusal of its prompt, in the runtime’s words', () => {
    const declined = (reason: string): NewEvent[] => [
      submitted(),
      starting(1),
      started(),
      { type: 'instruction.declined', ...run, instructionId: 'ins-1', reason },
      stop('idle'),
    ];
    expect(of(declined('401 unauthorized'))).toEqual({ status: 'failed', code: 'auth', message: '401 unauthorized' });
    expect(of(declined('not today'))).toMatchObject({ status: 'failed', code: 'unavailable' });
  });

  it('is cancelled, not refused, when both came', () => {
    const events = [
      submitted(),
      starting(1),
      started(),
      { type: 'instruction.declined', ...run, instructionId: 'ins-1', reason: 'interrupted' },
      stop('cancel'),
    ];
    expect(of(events)).toEqual({ status: 'cancelled' });
  });

  it('is lost when its output could not be read, unless it was being stopped', () => {
    const failure = new AgentRuntimeError('DATA_CORRUPT', 'half a line');
    expect(of(inTurn(), clean, failure)).toEqual({
      status: 'lost',
      code: 'unknown',
      message: "The run's output could not be read: half a line",
    });
    expect(of([...inTurn(), stop('cancel')], killed, failure)).toEqual({ status: 'cancelled' });
  });
});
