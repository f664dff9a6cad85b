import { describe, expect, it } from 'vitest';
import {
  instructionLevelSchema,
  taskEventSchemas,
  type InstructionLevel,
  type TaskEventType,
} from '../../src/index.ts';
import { eventRules, forbids, type Guard, type TaskState } from '../../src/fold/index.ts';
import type { NewEvent } from '../../src/log/index.ts';
import { after, capabilities, foldAll, misfit, starting, story, submitted } from '../support/story.ts';

const sha = 'a'.repeat(40);
const run = { runId: 'run-1' };
const succeeded = { status: 'succeeded' };
const target = { runtime: 'tmux' };
const usage = { scope: 'turn', inputTokens: 1, outputTokens: 1 };
const turnEnded = { type: 'turn.ended', ...run, turnId: '1', outcome: succeeded };

/**
 * For each row of the table what it may come after, and one event of it. A row without an entry does not compile, and
 * fails below.
 */
const rows: { readonly [T in TaskEventType]: readonly [after: keyof typeof story | 'nothing', event: NewEvent] } = {
  'task.submitted': ['nothing', submitted()],
  'runtime.rejected': ['queued', { type: 'runtime.rejected', target, code: 'UNAVAILABLE', reason: 'gone' }],
  'runtime.degraded': [
    'runEnded',
    {
      type: 'runtime.degraded',
      from: { runtime: 'pi' },
      to: target,
      lostCapabilities: ['steer'],
      policy: 'from-scratch',
      reason: 'gone',
    },
  ],
  'attempt.scheduled': [
    'runEnded',
    { type: 'attempt.scheduled', notBefore: 1, attempt: 2, mode: 'restart', target, reason: 'again' },
  ],
  'run.starting': ['queued', starting(1)],
  'run.started': ['begun', { type: 'run.started', ...run, capabilities, version: '1' }],
  'run.reattached': ['started', { type: 'run.reattached', ...run, epoch: 2 }],
  'run.resumed': ['started', { type: 'run.resumed', ...run, agentSessionId: 's' }],
  'run.stopping': ['begun', { type: 'run.stopping', ...run, cause: 'cancel' }],
  'run.ended': ['begun', { type: 'run.ended', ...run, outcome: succeeded, exit: { kind: 'unknown', why: 'unseen' } }],
  'run.stalled': ['inTurn', { type: 'run.stalled', ...run, signal: 'activity', waitingOn: 'model', silentMs: 1 }],
  'run.progressed': ['inTurn', { type: 'run.progressed', ...run, signal: 'activity' }],
  'session.opened': ['started', { type: 'session.opened', ...run, agentSessionId: 's' }],
  'session.closed': ['rested', { type: 'session.closed', ...run }],
  'instruction.queued': [
    'queued',
    { type: 'instruction.queued', instructionId: 'ins-2', mode: 'steer', parts: [{ type: 'text', text: 'x' }] },
  ],
  'instruction.sending': ['begun', { type: 'instruction.sending', ...run, instructionId: 'ins-1' }],
  'instruction.accepted': ['sent', { type: 'instruction.accepted', ...run, instructionId: 'ins-1' }],
  'instruction.delivered': ['accepted', { type: 'instruction.delivered', ...run, instructionId: 'ins-1' }],
  'instruction.observed': ['delivered', { type: 'instruction.observed', ...run, instructionId: 'ins-1' }],
  'instruction.declined': ['sent', { type: 'instruction.declined', ...run, instructionId: 'ins-1', reason: 'no' }],
  'instruction.unknown': ['sent', { type: 'instruction.unknown', ...run, instructionId: 'ins-1', reason: 'who knows' }],
  'turn.started': ['started', { type: 'turn.started', ...run, turnId: '1' }],
  'turn.ended': ['inTurn', { type: 'turn.ended', ...run, turnId: '1', outcome: succeeded }],
  'text.delta': ['inTurn', { type: 'text.delta', ...run, messageId: 'm', text: 'x' }],
  'reasoning.delta': ['inTurn', { type: 'reasoning.delta', ...run, messageId: 'm', text: 'x' }],
  'message.completed': ['inTurn', { type: 'message.completed', ...run, messageId: 'm', text: 'x' }],
  'message.discarded': ['inTurn', { type: 'message.discarded', ...run, messageId: 'm', reason: 'interrupted' }],
  'output.delta': ['started', { type: 'output.delta', ...run, source: 'stdout', text: 'x' }],
  'tool.started': ['inTurn', { type: 'tool.started', ...run, callId: 'call-1', name: 'bash' }],
  'tool.delta': ['withTool', { type: 'tool.delta', ...run, callId: 'call-1', mode: 'append', text: 'x' }],
  'tool.ended': ['withTool', { type: 'tool.ended', ...run, callId: 'call-1', ok: true }],
  'file.written': ['inTurn', { type: 'file.written', ...run, path: 'a.md', kind: 'work' }],
  'approval.requested': [
    'inTurn',
    { type: 'approval.requested', ...run, approvalId: 'ask-1', kind: 'dialog', title: 'May I?', choices: [] },
  ],
  'approval.resolved': [
    'asked',
    { type: 'approval.resolved', approvalId: 'ask-1', resolution: { kind: 'cancelled' }, by: 'me' },
  ],
  'approval.withdrawn': ['asked', { type: 'approval.withdrawn', ...run, approvalId: 'ask-1' }],
  'child.started': ['inTurn', { type: 'child.started', ...run, childId: 'child-1' }],
  'child.ended': ['withChild', { type: 'child.ended', ...run, childId: 'child-1', ok: true }],
  'output.gap': ['started', { type: 'output.gap', ...run, source: 'stdout', reason: 'truncated' }],
  'output.quarantined': [
    'started',
    { type: 'output.quarantined', ...run, source: 'stdout', bytes: 3, sample: '???', reason: 'no JSON' },
  ],
  'usage.reported': ['started', { type: 'usage.reported', ...run, usage }],
  'model.selected': ['started', { type: 'model.selected', ...run, model: 'opus', provider: 'anthropic' }],
  'retry.scheduled': ['started', { type: 'retry.scheduled', ...run, attempt: 1, delayMs: 0, reason: '429' }],
  'retry.ended': ['retrying', { type: 'retry.ended', ...run, attempt: 1, ok: true }],
  'compaction.started': ['started', { type: 'compaction.started', ...run, reason: 'overflow' }],
  'compaction.failed': ['compacting', { type: 'compaction.failed', ...run, reason: 'no model' }],
  'context.compacted': ['started', { type: 'context.compacted', ...run, reason: 'full' }],
  'artifact.stored': [
    'queued',
    {
      type: 'artifact.stored',
      artifact: { name: 'a', sha256: 'a'.repeat(64), bytes: 1, mediaType: 'text/plain' },
      origin: 'deliverable',
    },
  ],
  'artifact.refused': [
    'queued',
    { type: 'artifact.refused', name: 'a', origin: 'deliverable', reason: 'link', message: 'it is a symbolic link' },
  ],
  'worktree.added': [
    'queued',
    {
      type: 'worktree.added',
      worktree: { repository: '/r/.git', dir: '/w', gitDir: '/r/.git/worktrees/w', branch: 'b', base: sha, owner: 'o' },
    },
  ],
  'worktree.preserved': ['runEnded', { type: 'worktree.preserved', ref: 'r', commit: sha, changed: true, ignored: 0 }],
  'worktree.restored': ['runEnded', { type: 'worktree.restored', base: sha }],
  'check.started': ['runEnded', { type: 'check.started', ...run, checkId: 'check-1', round: 1 }],
  'check.ended': [
    'checking',
    {
      type: 'check.ended',
      ...run,
      checkId: 'check-1',
      round: 1,
      ok: true,
      exit: { kind: 'exited', code: 0 },
    },
  ],
  'cancel.requested': ['queued', { type: 'cancel.requested', by: 'me' }],
  'interrupt.requested': ['started', { type: 'interrupt.requested', ...run, by: 'me' }],
  'close.requested': ['queued', { type: 'close.requested', by: 'me' }],
  'task.ended': ['runEnded', { type: 'task.ended', outcome: succeeded }],
};

const before = (type: TaskEventType): TaskState | undefined => {
  const [scene] = rows[type];
  return scene === 'nothing' ? undefined : after(story[scene]);
};

type Situation = readonly [state: TaskState | undefined, event: NewEvent];
type NamedGuard = Exclude<Guard, object>;

/** Where as many of its kind are open as may be. */
const full = (type: TaskEventType, event: NewEvent, id: string): readonly Situation[] => {
  const another = (n: number): NewEvent => ({ ...event, [id]: `another-${n}` });
  const [scene] = rows[type];
  const history = scene === 'nothing' ? [] : story[scene];
  return [[after([...history, ...Array.from({ length: 256 }, (_, n) => another(n))]), event]];
};

/** For each guard a situation in which only it is broken. */
const broken: { readonly [G in NamedGuard]: (type: TaskEventType, event: NewEvent) => readonly Situation[] } = {
  'task.new': (_type, event) => [[after(story.queued), event]],
  'task.open': (_type, event) => [
    [after(story.ended), event],
    [undefined, event],
  ],
  'run.none': (_type, event) => [
    [after(story.begun), event],
    [after(story.stopping), event],
  ],
  'run.current': (type, event) => [
    [before(type), { ...event, runId: 'run-0' }],
    [after(story.queued), event],
    [after(story.runEnded), event],
  ],
  'run.unstarted': (_type, event) => [[after(story.started), event]],
  'run.started': (_type, event) => [[after(story.begun), event]],
  'run.not-stopping': (_type, event) => [[after(story.stopping), event]],
  'turn.none': (_type, event) => [[after(story.inTurn), event]],
  'turn.open': (_type, event) => [
    [after(story.started), event],
    [after(story.rested), event],
  ],
  'tool.new': (_type, event) => [[after(story.withTool), event]],
  'tool.open': (_type, event) => [
    [after(story.inTurn), event],
    [after(story.withTool), { ...event, callId: 'another' }],
  ],
  'tool.room': (type, event) => full(type, event, 'callId'),
  'child.room': (type, event) => full(type, event, 'childId'),
  'approval.room': (type, event) => full(type, event, 'approvalId'),
  'child.open': (_type, event) => [[after(story.withChild), { ...event, childId: 'another' }]],
  'approval.new': (_type, event) => [
    [after(story.asked), event],
    [after(story.answered), event],
  ],
  'approval.open': (_type, event) => [
    [after(story.answered), event],
    [after(story.asked), { ...event, approvalId: 'another' }],
  ],
  'retry.open': (_type, event) => [
    [after(story.inTurn), event],
    [after([...story.retrying, event]), event],
    [after([...story.retrying, turnEnded]), event],
  ],
  'compaction.none': (_type, event) => [[after(story.compacting), event]],
  'check.none': (_type, event) => [[after(story.checking), event]],
  'check.open': (_type, event) => [
    [after(story.runEnded), event],
    [after(story.checking), { ...event, checkId: 'another' }],
    [after([...story.checking, event]), event],
  ],
  'instruction.new': (_type, event) => [[after(story.queued), { ...event, instructionId: 'ins-1' }]],
};

const withLevel = (state: TaskState, level: InstructionLevel): TaskState => ({
  ...state,
  instructions: { 'ins-1': { id: 'ins-1', mode: 'prompt', level } },
});

const types = Object.keys(eventRules) as TaskEventType[];

describe('the table of events', () => {
  it('has a row for every event that has a schema, and for no other', () => {
    expect(types.toSorted()).toEqual(Object.keys(taskEventSchemas).toSorted());
    expect(types.toSorted()).toEqual(Object.keys(rows).toSorted());
  });

  describe.each(types)('%s', (type) => {
    const [, event] = rows[type];

    it('is allowed after what it must follow', () => {
      expect(misfit(event)).toBeUndefined();
      expect(forbids(before(type), event)).toBeUndefined();
      expect(eventRules[type].follows).not.toBe('');
    });

    for (const guard of eventRules[type].when) {
      if (typeof guard === 'object') {
        it(`is refused unless its instruction is ${guard.instruction.join(' or ')}`, () => {
          const state = after(story.inTurn);
          for (const level of instructionLevelSchema.options) {
            const expected = guard.instruction.includes(level) ? undefined : `instruction.${level}`;
            expect(forbids(withLevel(state, level), event), level).toBe(expected);
          }
          expect(forbids(state, { ...event, instructionId: 'never-queued' })).toBe('instruction.missing');
          expect(forbids(state, { ...event, instructionId: 7 })).toBe('instruction.missing');
        });
        continue;
      }
      it(`is refused without ${guard}`, () => {
        const situations = broken[guard](type, event);
        expect(situations.length).toBeGreaterThan(0);
        for (const [state, each] of situations) expect(forbids(state, each)).toBe(guard);
      });
    }
  });

  it('follows instructions from queued to observed, and lets evidence overrule what was not known', () => {
    const allowed = (type: TaskEventType): readonly string[] =>
      eventRules[type].when.flatMap((guard) => (typeof guard === 'object' ? guard.instruction : []));
    expect(allowed('instruction.sending')).toEqual(['queued', 'sending']);
    expect(allowed('instruction.accepted')).toEqual(['sending', 'unknown']);
    expect(allowed('instruction.delivered')).toEqual(['accepted', 'unknown']);
    expect(allowed('instruction.observed')).toEqual(['delivered']);
    expect(allowed('instruction.declined')).toEqual(['queued', 'sending', 'accepted', 'unknown']);
    expect(allowed('instruction.unknown')).toEqual(['queued', 'sending', 'accepted']);
  });

  it('takes the end of a compaction from a runtime that reports no start, and of one that does', () => {
    for (const type of ['context.compacted', 'compaction.failed'] as const) {
      const event = { type, ...run, reason: 'overflow' };
      expect(forbids(after(story.inTurn), event)).toBeUndefined();
      expect(forbids(after(story.compacting), event)).toBeUndefined();
      expect(forbids(after([...story.compacting, event]), rows['compaction.started'][1])).toBeUndefined();
    }
  });

  it('does not judge the events of other families, in a stream that has begun', () => {
    expect(forbids(after(story.queued), { type: 'schedule.paused' })).toBeUndefined();
    expect(forbids(undefined, { type: 'schedule.paused' })).toBe('task.open');
    for (const type of ['constructor', 'toString', '__proto__']) {
      expect(forbids(after(story.queued), { type })).toBeUndefined();
    }
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'takes a backend’s id %j for what it is',
    (id) => {
      const state = after(story.inTurn);
      expect(forbids(state, { type: 'tool.started', ...run, callId: id, name: 'bash' })).toBeUndefined();
      expect(forbids(state, { type: 'tool.ended', ...run, callId: id, ok: true })).toBe('tool.open');
      expect(forbids(state, { type: 'approval.resolved', approvalId: id })).toBe('approval.open');
      const ask = { type: 'approval.requested', ...run, approvalId: id, kind: 'tool', title: 'May I?', choices: [] };
      expect(forbids(state, ask)).toBeUndefined();
      const open = after([...story.inTurn, { type: 'tool.started', ...run, callId: id, name: 'bash' }, ask]);
      expect(forbids(open, { type: 'tool.ended', ...run, callId: id, ok: true })).toBeUndefined();
      expect(forbids(open, { type: 'approval.resolved', approvalId: id })).toBeUndefined();
      const over = after([
        ...story.inTurn,
        { type: 'tool.started', ...run, callId: id, name: 'bash' },
        { type: 'tool.ended', ...run, callId: id, ok: true },
      ]);
      expect(over.runs.at(-1)?.tools).toEqual({});
    },
  );

  it('lets every step of a whole story pass', () => {
    story.ended.forEach((event, index) => {
      expect(misfit(event), event.type).toBeUndefined();
      expect(forbids(foldAll(story.ended.slice(0, index)), event), event.type).toBeUndefined();
    });
  });
});
