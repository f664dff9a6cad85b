import type { NewEvent } from '@runtime/contracts/log';
import { describe, expect, it } from 'vitest';
import { carriedInstructions, openingId, openingInstruction } from '../../src/run/prompts.ts';
import { fold, inTurn, lastRun, starting, submitted } from '../support/states.ts';

const queued = (id: string, text: string, mode = 'steer'): NewEvent => ({
  type: 'instruction.queued',
  instructionId: id,
  mode,
  parts: [{ type: 'text', text }],
});
const ended: NewEvent = {
  type: 'run.ended',
  runId: 'run-1',
  outcome: { status: 'lost' },
  exit: { kind: 'unknown', why: 'x' },
};
const texts = (events: readonly NewEvent[]): string[] => {
  const state = fold(events);
  const { parts, mode, id } = openingInstruction(state, lastRun(state));
  expect([mode, id]).toEqual(['prompt', lastRun(state).instructionId]);
  return parts.map((part) => (part.type === 'text' ? part.text : part.type));
};

describe('what opens a run', () => {
  it('is the prompt, and nothing else the first time', () => {
    expect(texts([submitted(), starting(1)])).toEqual(['go']);
  });

  it('has with it what was said before the start', () => {
    expect(texts([submitted(), queued('ins-2', 'mind the gap'), starting(1, { carries: ['ins-2'] })])).toEqual([
      'go',
      'Further instruction: mind the gap',
    ]);
  });

  it('says after a loss that there may be changes, and repeats what was said since', () => {
    const [prompt, note, ...further] = texts([
      ...inTurn(),
      queued('ins-2', 'faster'),
      ended,
      starting(2, { carries: ['ins-2'] }),
    ]);
    expect(prompt).toBe('go');
    expect(note).toContain('earlier attempt');
    expect(further).toEqual(['Further instruction: faster']);
  });

  it('says nothing of an earlier attempt that never got to a turn', () => {
    expect(texts([submitted(), starting(1), ended, starting(2)])).toEqual(['go']);
  });

  it('is the plane’s own words where a conversation is resumed, without the note', () => {
    const events = [
      ...inTurn(),
      ended,
      queued('ins-9', 'go on', 'prompt'),
      starting(2, { mode: 'resume', instructionId: 'ins-9' }),
    ];
    expect(texts(events)).toEqual(['go on']);
  });
});

describe('what a new run carries', () => {
  const told = [
    ...inTurn(),
    queued('ins-2', 'delivered'),
    { type: 'instruction.sending', runId: 'run-1', instructionId: 'ins-2' },
    { type: 'instruction.accepted', runId: 'run-1', instructionId: 'ins-2' },
    { type: 'instruction.delivered', runId: 'run-1', instructionId: 'ins-2' },
    queued('ins-3', 'declined'),
    { type: 'instruction.declined', instructionId: 'ins-3', reason: 'no' },
    queued('ins-4', 'only queued'),
    queued('ins-5', 'not known', 'followUp'),
    { type: 'instruction.sending', runId: 'run-1', instructionId: 'ins-5' },
    { type: 'instruction.unknown', instructionId: 'ins-5', reason: 'cut off' },
    ended,
    queued('ins-6', 'go on', 'prompt'),
  ];

  it('is all that was said and not refused, when it starts over', () => {
    for (const mode of ['restart', 'degrade'] as const)
      expect(carriedInstructions(fold(told), mode, 'ins-1')).toEqual(['ins-2', 'ins-4', 'ins-5']);
  });

  it('is what the conversation has not heard, when it is resumed', () => {
    expect(carriedInstructions(fold(told), 'resume', 'ins-6')).toEqual(['ins-4', 'ins-5']);
  });

  it('goes with the prompt of the task, or with the plane’s own in a resumed conversation', () => {
    expect(openingId(fold(told), 'restart')).toBe('ins-1');
    expect(openingId(fold(told), 'degrade')).toBe('ins-1');
    expect(openingId(fold(told), 'resume')).toBe('ins-6');
    expect(openingId(fold([submitted({ continueOf: 'task-0' })]), 'resume')).toBe('ins-1');
  });
});
