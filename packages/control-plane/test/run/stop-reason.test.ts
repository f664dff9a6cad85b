import type { TaskSpec } from '@runtime/contracts';
import type { NewEvent } from '@runtime/contracts/log';
import { describe, expect, it } from 'vitest';
import { stopReason } from '../../src/run/stop-reason.ts';
import { fold, inTurn, lastRun, started, starting, submitted } from '../support/states.ts';

const run = { runId: 'run-1' };
const ask: NewEvent = {
  type: 'approval.requested',
  ...run,
  approvalId: 'a',
  kind: 'tool',
  title: 'May I?',
  choices: [],
  expiresAt: 5000,
};
const answer: NewEvent = { type: 'approval.resolved', approvalId: 'a', resolution: { kind: 'cancelled' }, by: 'me' };
const turnEnded: NewEvent = { type: 'turn.ended', ...run, turnId: '1', outcome: { status: 'succeeded' } };

const step = (events: readonly NewEvent[], now: number) => {
  const state = fold(events);
  return stopReason(state, lastRun(state), now);
};
const working = (spec: Partial<TaskSpec> = {}) => inTurn(spec);
const rested = (spec: Partial<TaskSpec> = {}) => [...inTurn(spec), turnEnded];

describe('a run', () => {
  it('goes on while it works, and is looked at again by no clock when it has none', () => {
    expect(step(working(), 1e9)).toEqual({ wakeAt: undefined });
  });

  it('ends when it rests, unless it is kept open', () => {
    expect(step(rested(), 100)).toEqual({ stop: 'idle' });
    expect(step(rested({ until: 'closed' }), 100)).toEqual({ wakeAt: undefined });
    expect(step([...rested({ until: 'closed' }), { type: 'close.requested', by: 'me' }], 100)).toEqual({
      stop: 'closed',
    });
  });

  it('ends when nobody can tell whether it was opened, unless a turn shows that it was', () => {
    const opened = [submitted(), starting(1), started()];
    const unknown: NewEvent = { type: 'instruction.unknown', ...run, instructionId: 'ins-1', reason: 'torn' };
    const sending: NewEvent = { type: 'instruction.sending', ...run, instructionId: 'ins-1' };
    expect(step([...opened, sending], 100)).toEqual({ wakeAt: undefined });
    expect(step([...opened, sending, unknown], 100)).toEqual({ stop: 'lost_control' });
    expect(step([...opened, sending, unknown, { type: 'turn.started', ...run, turnId: '1' }], 100)).toEqual({
      wakeAt: undefined,
    });
  });

  it('is closed only when it rests', () => {
    expect(step([...working(), { type: 'close.requested', by: 'me' }], 100)).toEqual({ wakeAt: undefined });
  });

  it('ends by a cancel before everything else', () => {
    const spec = { deadlineMs: 1, maxOutputBytes: 1024 };
    expect(step([...working(spec), { type: 'cancel.requested', by: 'me' }], 1e9)).toEqual({ stop: 'cancel' });
  });

  it('ends by its deadline, counted from the submission and never standing still', () => {
    const spec = { deadlineMs: 1000 };
    expect(step(working(spec), 1009)).toEqual({ wakeAt: 1010 });
    expect(step(working(spec), 1010)).toEqual({ stop: 'deadline' });
    expect(step([...working(spec), ask], 1010)).toEqual({ stop: 'deadline' });
  });

  it('ends when it makes more output than it may', () => {
    const text = (length: number): NewEvent => ({
      type: 'text.delta',
      ...run,
      messageId: 'm',
      text: 'x'.repeat(length),
    });
    expect(step([...working({ maxOutputBytes: 1024 }), text(1024)], 100)).toEqual({ wakeAt: undefined });
    expect(step([...working({ maxOutputBytes: 1024 }), text(1024), text(1)], 100)).toEqual({ stop: 'output_limit' });
  });

  it('ends when its prompt was refused: nothing will happen in it', () => {
    const refused = { type: 'instruction.declined', ...run, instructionId: 'ins-1', reason: 'no' };
    expect(step([submitted(), starting(1), started(), refused], 100)).toEqual({ stop: 'idle' });
  });

  describe('with a time limit', () => {
    const spec = { runTimeoutMs: 1000 };

    it('counts from its start', () => {
      expect(step(working(spec), 1019)).toEqual({ wakeAt: 1020 });
      expect(step(working(spec), 1020)).toEqual({ stop: 'run_timeout' });
    });

    it('stands still while an approval is open, and is looked at when that one is over', () => {
      expect(step([...working(spec), ask], 4000)).toEqual({ wakeAt: 5000 });
    });

    it('goes on where it stood once the approval is closed', () => {
      const events = [...working(spec), ask, answer];
      // Asked at 80, answered at 90: ten milliseconds do not count.
      expect(step(events, 1029)).toEqual({ wakeAt: 1030 });
      expect(step(events, 1030)).toEqual({ stop: 'run_timeout' });
    });

    it('does not run while the agent rests and is kept open', () => {
      expect(step(rested({ ...spec, until: 'closed' }), 1e6)).toEqual({ wakeAt: undefined });
    });
  });

  describe('with a limit of silence', () => {
    const spec = { idleTimeoutMs: 500 };

    it('counts from what it last did', () => {
      const events = [...working(spec), { type: 'text.delta', ...run, messageId: 'm', text: 'x' }];
      expect(step(events, 579)).toEqual({ wakeAt: 580 });
      expect(step(events, 580)).toEqual({ stop: 'idle_timeout' });
    });

    it('closes a task that is kept open and is not spoken to', () => {
      expect(step(rested({ ...spec, until: 'closed' }), 1e6)).toEqual({ stop: 'idle_timeout' });
    });

    it('stands still while an approval is open, and begins anew with its end', () => {
      expect(step([...working(spec), ask], 4000)).toEqual({ wakeAt: 5000 });
      expect(step([...working(spec), ask, answer], 100)).toEqual({ wakeAt: 590 });
    });
  });

  it('is looked at again at the nearest of its clocks', () => {
    const spec = { deadlineMs: 9000, runTimeoutMs: 2000, idleTimeoutMs: 3000 };
    expect(step(working(spec), 100)).toEqual({ wakeAt: 2020 });
    expect(step([...working(spec), ask], 100)).toEqual({ wakeAt: 5000 });
  });
});
