import { describe, expect, it } from 'vitest';
import {
  foldTask,
  isKeptOpen,
  isResting,
  openApprovals,
  taskStatus,
  taskView,
  unfinishedInstructions,
} from '../../src/fold/index.ts';
import type { NewEvent } from '../../src/log/index.ts';
import { after, capabilities, foldAll, stored, story, starting, submitted } from '../support/story.ts';

const run = { runId: 'run-1' };
const queued = (id: string): NewEvent => ({
  type: 'instruction.queued',
  instructionId: id,
  mode: 'steer',
  parts: [{ type: 'text', text: id }],
});
const levels = (events: readonly NewEvent[]): Record<string, string> =>
  Object.fromEntries(Object.values(after(events).instructions).map(({ id, level }) => [id, level]));

describe('the state of a task', () => {
  it.each([
    ['queued', 'queued'],
    ['begun', 'running'],
    ['started', 'running'],
    ['inTurn', 'running'],
    ['asked', 'waiting'],
    ['answered', 'running'],
    ['rested', 'running'],
    ['runEnded', 'queued'],
    ['ended', 'succeeded'],
  ] as const)('%s is %s', (scene, status) => {
    expect(taskStatus(after(story[scene]))).toBe(status);
  });

  it('is nothing before its first event', () => {
    expect(foldTask(undefined, stored({ type: 'cancel.requested', by: 'me' }, 1))).toBeUndefined();
    expect(foldAll([])).toBeUndefined();
  });

  it('shows what was said, the last message, the times and the usage of each run', () => {
    const usage = (outputTokens: number) => ({ scope: 'turn', inputTokens: 10, outputTokens, costUsd: 0.5 });
    const events = [
      submitted({ labels: { team: 'a' } }),
      ...story.delivered.slice(1),
      { type: 'message.completed', ...run, messageId: 'm', text: 'x'.repeat(900) },
      { type: 'turn.ended', ...run, turnId: '1', outcome: { status: 'succeeded' }, usage: usage(1) },
      { type: 'turn.started', ...run, turnId: '2' },
      { type: 'turn.ended', ...run, turnId: '2', outcome: { status: 'succeeded' }, usage: usage(2) },
    ];
    const view = taskView(after(events));
    expect(view.labels).toEqual({ team: 'a' });
    expect(view.lastMessage).toBe('x'.repeat(500));
    expect(view.instructions[0]?.text).toBe(
      after(events)
        .spec.prompt.map((part) => part.type === 'text' && part.text)
        .join(''),
    );
    expect(view.runs[0]).toMatchObject({
      startedAt: expect.any(Number),
      usage: { scope: 'turn', inputTokens: 20, outputTokens: 3, costUsd: 1 },
    });
    const cumulative = { scope: 'cumulative', inputTokens: 7, outputTokens: 7 };
    const reported = [
      ...events.slice(0, -3),
      { type: 'usage.reported', ...run, usage: cumulative },
      ...events.slice(-3),
    ];
    expect(taskView(after(reported)).runs[0]?.usage).toEqual(cumulative);
  });

  it('waits at rest when it is kept open, until it is closed', () => {
    const kept = [submitted({ until: 'closed' }), ...story.rested.slice(1)];
    expect(taskStatus(after(kept))).toBe('waiting');
    expect([isResting(after(kept)), isKeptOpen(after(kept))]).toEqual([true, true]);
    expect(taskStatus(after([...kept, { type: 'close.requested', by: 'me' }]))).toBe('running');
    expect(taskStatus(after([...kept, queued('ins-2')]))).toBe('running');
  });

  it('shows who asked first for its end, when and why, also after it', () => {
    const asked = [
      ...story.rested,
      { type: 'close.requested', by: 'ada', why: 'enough' },
      { type: 'close.requested', by: 'bob' },
      { type: 'cancel.requested', by: 'cli' },
      { type: 'cancel.requested', by: 'bob' },
    ];
    const since = asked.length - 4;
    const { close, cancel } = taskView(after(asked));
    const state = after(asked.slice(0, since + 1));
    expect(close).toEqual({ by: 'ada', why: 'enough', at: state.updatedAt });
    expect(cancel).toEqual({ by: 'cli', at: after(asked.slice(0, since + 3)).updatedAt });
    const ended = [
      ...asked,
      { type: 'run.stopping', ...run, cause: 'cancel' },
      { type: 'run.ended', ...run, outcome: { status: 'cancelled' }, exit: { kind: 'exited', code: 0 } },
      { type: 'task.ended', outcome: { status: 'cancelled' } },
    ];
    expect(taskView(after(ended))).toMatchObject({ status: 'cancelled', close, cancel });
    expect(taskView(after(story.rested))).not.toHaveProperty('cancel');
  });

  it('waits after an interrupt, and not after the next turn', () => {
    const interrupted = [
      ...story.delivered,
      { type: 'interrupt.requested', ...run, by: 'me' },
      { type: 'turn.ended', ...run, turnId: '1', outcome: { status: 'cancelled' } },
    ];
    expect(taskStatus(after(interrupted))).toBe('waiting');
    const again = [
      ...interrupted,
      { type: 'turn.started', ...run, turnId: '2' },
      { type: 'turn.ended', ...run, turnId: '2', outcome: { status: 'succeeded' } },
    ];
    expect(isKeptOpen(after(again))).toBe(false);
  });

  it('does not rest while a sub-agent works or something unfinished was said', () => {
    expect(isResting(after(story.rested))).toBe(true);
    const child = [...story.rested, { type: 'child.started', ...run, childId: 'c' }];
    expect(isResting(after(child))).toBe(false);
    expect(isResting(after([...child, { type: 'child.ended', ...run, childId: 'c', ok: true }]))).toBe(true);
    expect(isResting(after([...story.rested, queued('ins-2')]))).toBe(false);
    expect(isResting(after(story.started)), 'before its first turn').toBe(false);
  });

  it('takes accepted for the end of what can be known where no more can be proven', () => {
    const accepted = (steer: string): NewEvent[] => [
      ...story.begun,
      { type: 'run.started', ...run, capabilities: { ...capabilities, steer }, version: '1' },
      queued('ins-2'),
      { type: 'instruction.sending', ...run, instructionId: 'ins-2' },
      { type: 'instruction.accepted', ...run, instructionId: 'ins-2' },
    ];
    expect(unfinishedInstructions(after(accepted('accepted'))).map(({ id }) => id)).toEqual(['ins-1']);
    expect(unfinishedInstructions(after(accepted('delivered'))).map(({ id }) => id)).toEqual(['ins-1', 'ins-2']);
  });
});

describe('instructions in the fold', () => {
  const carrying = [submitted(), queued('ins-2'), queued('ins-3'), starting(1, { carries: ['ins-2', 'ins-3'] })];
  const sent = [
    ...carrying,
    { type: 'run.started', ...run, capabilities, version: '1' },
    { type: 'instruction.sending', ...run, instructionId: 'ins-1' },
  ];

  it('get as far as the one that carries them', () => {
    const told = [...sent, { type: 'instruction.accepted', ...run, instructionId: 'ins-1' }];
    expect(levels(told)).toEqual({ 'ins-1': 'accepted', 'ins-2': 'accepted', 'ins-3': 'accepted' });
  });

  it('are refused one by one, and what was refused stays so', () => {
    const refused = [
      ...sent,
      { type: 'instruction.declined', ...run, instructionId: 'ins-2', reason: 'no' },
      { type: 'instruction.accepted', ...run, instructionId: 'ins-1' },
    ];
    expect(levels(refused)).toEqual({ 'ins-1': 'accepted', 'ins-2': 'declined', 'ins-3': 'accepted' });
  });

  it('are lost together with the one that carried them, since nobody can tell of them either', () => {
    const lost = [...sent, { type: 'instruction.unknown', ...run, instructionId: 'ins-1', reason: 'cut off' }];
    expect(levels(lost)).toEqual({ 'ins-1': 'unknown', 'ins-2': 'unknown', 'ins-3': 'unknown' });
  });

  it('begin anew with a run that carries them', () => {
    const again = [
      ...sent,
      { type: 'run.ended', ...run, outcome: { status: 'lost' }, exit: { kind: 'unknown', why: 'x' } },
      starting(2, { carries: ['ins-2'] }),
    ];
    expect(levels(again)).toEqual({ 'ins-1': 'queued', 'ins-2': 'queued', 'ins-3': 'sending' });
  });
});

describe('approvals in the fold', () => {
  it('stop the clocks of the run until the last of them is closed', () => {
    const ask = (id: string): NewEvent => ({
      type: 'approval.requested',
      ...run,
      approvalId: id,
      kind: 'tool',
      title: 'May I?',
      choices: [],
    });
    const close = (id: string): NewEvent => ({
      type: 'approval.resolved',
      approvalId: id,
      resolution: { kind: 'cancelled' },
      by: 'me',
    });
    const events = [...story.inTurn, ask('a'), ask('b'), close('a'), close('b')];
    const at = (count: number) => after(events.slice(0, story.inTurn.length + count)).runs.at(-1)!;
    expect(at(2).pausedSince).toBe(at(1).activityAt + (at(1).pausedSince! - at(1).activityAt));
    expect(at(3).pausedSince).toBe(at(1).pausedSince);
    expect(at(4)).toMatchObject({ pausedMs: 30 });
    expect(at(4).pausedSince).toBeUndefined();
  });

  it('of a run are over with it; those of the plane stay', () => {
    expect(openApprovals(after(story.asked))).toHaveLength(1);
    const ended = [
      ...story.asked,
      { type: 'run.ended', ...run, outcome: { status: 'lost' }, exit: { kind: 'unknown', why: 'x' } },
      { type: 'approval.requested', approvalId: 'recovery-1', kind: 'recovery', title: 'How?', choices: [] },
    ];
    expect(openApprovals(after(ended)).map(({ id }) => id)).toEqual(['recovery-1']);
    expect(taskStatus(after(ended))).toBe('waiting');
  });

  it('are not remembered without end', () => {
    const many = Array.from({ length: 200 }, (_, n): NewEvent[] => [
      { type: 'approval.requested', ...run, approvalId: `a${n}`, kind: 'tool', title: 'May I?', choices: [] },
      { type: 'approval.resolved', approvalId: `a${n}`, resolution: { kind: 'cancelled' }, by: 'me' },
    ]).flat();
    const { approvals } = after([...story.inTurn, ...many]);
    expect(Object.keys(approvals)).toHaveLength(64);
    expect(approvals['a199']).toBeDefined();
  });
});

describe('what the backend does by itself, in the fold', () => {
  const last = (events: readonly NewEvent[]) => after(events).runs.at(-1)!;
  const rest = { type: 'turn.ended', ...run, turnId: '1', outcome: { status: 'succeeded' } };
  const lost = { type: 'run.ended', ...run, outcome: { status: 'lost' }, exit: { kind: 'unknown', why: 'x' } };

  it('is a retry until that ends, or its turn, or its run', () => {
    const { time } = stored({ type: 'retry.scheduled' }, story.retrying.length);
    expect(last(story.retrying).retry).toEqual({ attempt: 1, until: time + 4000, reason: '429: slow down' });
    const second = { type: 'retry.scheduled', ...run, attempt: 2, delayMs: 8000, reason: '503', sourceTime: 5 };
    expect(last([...story.retrying, second]).retry).toEqual({ attempt: 2, until: 8005, reason: '503' });
    const ended = { type: 'retry.ended', ...run, attempt: 1, ok: false };
    for (const end of [ended, rest, lost]) expect(last([...story.retrying, end]), end.type).not.toHaveProperty('retry');
  });

  it('names no time that a number cannot hold', () => {
    const endless = { type: 'retry.scheduled', ...run, attempt: 1, delayMs: Number.MAX_SAFE_INTEGER, reason: 'x' };
    expect(last([...story.delivered, endless]).retry?.until).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('is a compaction until that ends, or its turn, or its run', () => {
    expect(last(story.compacting).compaction).toEqual({ reason: 'overflow' });
    const ends = [
      { type: 'context.compacted', ...run, reason: 'overflow' },
      { type: 'compaction.failed', ...run, reason: 'no model' },
      rest,
      lost,
    ];
    for (const end of ends) expect(last([...story.compacting, end]), end.type).not.toHaveProperty('compaction');
  });

  it('is nothing in a log of a version that told no ends, once the turn has ended', () => {
    const old = [
      ...story.retrying,
      { type: 'context.compacted', ...run, reason: 'threshold' },
      { type: 'instruction.observed', ...run, instructionId: 'ins-1' },
      rest,
    ];
    expect(last(old)).toEqual(last(story.rested));
    expect(isResting(after(old))).toBe(true);
  });
});

describe('the view of a task', () => {
  it('has the model that its last run told last, and none of an earlier run', () => {
    const told = (model: string, more: object = {}): NewEvent => ({ type: 'model.selected', ...run, model, ...more });
    const two = [...story.started, told('haiku'), told('opus', { provider: 'anthropic', thinking: 'high' })];
    expect(taskView(after(two)).model).toEqual({ model: 'opus', provider: 'anthropic', thinking: 'high' });
    expect(taskView(after(story.rested))).not.toHaveProperty('model');
    const next = [
      ...two,
      { type: 'run.ended', ...run, outcome: { status: 'lost' }, exit: { kind: 'unknown', why: 'x' } },
    ];
    expect(taskView(after(next)).model?.model).toBe('opus');
    expect(taskView(after([...next, starting(2)]))).not.toHaveProperty('model');
  });

  it('is called by its title, or by the first line of its prompt', () => {
    expect(taskView(after(story.queued)).title).toBe('Fix the flaky test');
    expect(taskView(after([submitted({ title: 'Auth' })])).title).toBe('Auth');
    expect(taskView(after([submitted({ prompt: [{ type: 'file', path: 'a' }] })])).title).toBe('');
    expect(taskView(after([submitted({ prompt: [{ type: 'text', text: 'x'.repeat(500) }] })])).title).toHaveLength(120);
  });

  it('shows open approvals only, and what a person needs to answer them', () => {
    expect(taskView(after(story.asked)).approvals).toEqual([
      { id: 'ask-1', kind: 'tool', title: 'May I?', choices: expect.any(Array) },
    ]);
    expect(taskView(after(story.answered)).approvals).toEqual([]);
  });
});
