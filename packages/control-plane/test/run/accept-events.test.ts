import type { TaskSpec } from '@runtime/contracts';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { forbids, foldTask } from '@runtime/contracts/fold';
import type { NewEvent } from '@runtime/contracts/log';
import { describe, expect, it } from 'vitest';
import { acceptEvents } from '../../src/run/accept-events.ts';
import { Draft } from '../../src/task/draft.ts';
import { fold, inTurn, lastRun } from '../support/states.ts';
import { expectToFit } from '../support/written.ts';

const now = 1_000_000;
const run = { runId: 'run-1' };
const ask: SessionEvent = {
  type: 'approval.requested',
  approvalId: 'a',
  kind: 'tool',
  title: 'May I?',
  choices: [{ id: 'no', label: 'No', kind: 'deny' }],
};

function stamped(
  events: readonly SessionEvent[],
  before: readonly NewEvent[] = inTurn(),
  at = now,
): readonly NewEvent[] {
  const state = fold(before);
  const draft = new Draft('task/task-1', state, at);
  acceptEvents(draft, lastRun(state), { events, cursor: 'c7' });
  const result: readonly NewEvent[] = draft.events;
  // Whatever comes out may be appended: it fits its schema, and the table allows it one after the other.
  let folded = state;
  for (const event of result) {
    expect(forbids(folded, event), event.type).toBeUndefined();
    expectToFit(event);
    const { position, revision } = folded;
    folded =
      foldTask(folded, { ...event, stream: 'task/task-1', position: position + 1, revision: revision + 1, time: at }) ??
      folded;
  }
  const { position: _ours, ...drafted } = draft.state;
  const { position: _theirs, ...read } = folded;
  expect(drafted, 'the draft has the state that a reader folds').toEqual(read);
  return result;
}
const types = (events: readonly NewEvent[]): string[] => events.map(({ type }) => type);
/** Something that an adapter may not say, said all the same. */
const wrong = (event: Record<string, unknown>): SessionEvent => event as never;

describe('what an adapter reports', () => {
  it.each(Object.getOwnPropertyNames(Object.prototype))(
    'may have the id %s, which every object has as a name',
    (id) => {
      expect(types(stamped([{ ...ask, approvalId: id }]))).toEqual(['approval.requested']);
      const tool = [
        { type: 'tool.started', callId: id, name: id } as const,
        { type: 'tool.ended', callId: id, ok: true } as const,
      ];
      expect(types(stamped(tool))).toEqual(['tool.started', 'tool.ended']);
      expect(types(stamped([wrong({ type: id })]))).toEqual(['output.quarantined']);
    },
  );

  it('gets its run, and the last of one record gets the cursor', () => {
    expect(
      stamped([
        { type: 'text.delta', messageId: 'm', text: 'a' },
        { type: 'message.completed', messageId: 'm', text: 'a' },
      ]),
    ).toEqual([
      { type: 'text.delta', messageId: 'm', text: 'a', ...run },
      { type: 'message.completed', messageId: 'm', text: 'a', ...run, sourceCursor: 'c7' },
    ]);
    expect(stamped([])).toEqual([]);
  });

  it('keeps what its schema has, and nothing else', () => {
    const more = { extra: { deep: [1] }, position: 7 };
    expect(
      stamped([
        wrong({ type: 'text.delta', messageId: 'm', text: 'a', ...more }),
        wrong({ type: 'tool.started', callId: 'c', name: 'n', ...more }),
      ]),
    ).toEqual([
      { type: 'text.delta', messageId: 'm', text: 'a', ...run },
      { type: 'tool.started', callId: 'c', name: 'n', ...run, sourceCursor: 'c7' },
    ]);
  });

  it.each<[string, SessionEvent]>([
    ['a turn in a turn', { type: 'turn.started', turnId: '2' }],
    ['the end of a call that never began', { type: 'tool.ended', callId: 'x', ok: true }],
    ['the end of a child that never began', { type: 'child.ended', childId: 'x', ok: true }],
  ])('is set aside when it is out of order: %s', (_what, event) => {
    const [aside, ...more] = stamped([event]);
    expect(more).toEqual([]);
    expect(aside).toMatchObject({
      type: 'output.quarantined',
      ...run,
      source: 'events',
      bytes: JSON.stringify(event).length,
      sample: JSON.stringify(event),
      sourceCursor: 'c7',
    });
    expect(aside?.['reason']).toContain('out of order');
  });

  it.each<[string, Record<string, unknown>]>([
    ['a field that is missing', { type: 'turn.ended', turnId: '1' }],
    ['a field of another type', { type: 'message.completed', messageId: 'm', text: 7 }],
    ['text that is too long', { type: 'text.delta', messageId: 'm', text: 'x'.repeat(262_145) }],
    ['an increment of no message', { type: 'text.delta', text: 'x' }],
    ['an increment of an empty id', { type: 'reasoning.delta', messageId: '', text: 'x' }],
    ['an increment from nowhere', { type: 'output.delta', source: 'stdin', text: 'x' }],
    ['an increment of no text', { type: 'output.delta', source: 'stdout' }],
    ['a type that is not known', { type: 'message.whispered', text: 'x' }],
    ['a type that every object has', { type: 'constructor' }],
    ['an event of the plane', { type: 'task.ended', outcome: { status: 'succeeded' } }],
    ['an event of a run', { type: 'run.ended', runId: 'run-1', outcome: { status: 'succeeded' }, exit: {} }],
  ])('is set aside when it breaks its schema: %s', (_what, event) => {
    const result = stamped([wrong(event), { type: 'text.delta', messageId: 'm', text: 'sound' }]);
    expect(types(result)).toEqual(['output.quarantined', 'text.delta']);
    expect(String(result[0]?.['sample']).length).toBeLessThanOrEqual(4096);
  });

  it('cannot make out that it is another run', () => {
    const [event] = stamped([wrong({ type: 'text.delta', messageId: 'm', text: 'x', runId: 'run-9' })]);
    expect(event).toMatchObject({ type: 'text.delta', ...run });
  });

  it('is dropped when it is old news: evidence once more, a closed approval', () => {
    const delivered: SessionEvent = { type: 'instruction.delivered', instructionId: 'ins-1' };
    expect(stamped([delivered])).toEqual([]);
    expect(stamped([{ type: 'instruction.accepted', instructionId: 'ins-1' }])).toEqual([]);
    expect(stamped([{ type: 'instruction.accepted', instructionId: 'never-sent' }])).toEqual([]);
    expect(stamped([{ type: 'approval.withdrawn', approvalId: 'never' }])).toEqual([]);
    expect(types(stamped([ask, ask]))).toEqual(['approval.requested']);
  });

  it.each(['accepted', 'unknown'] as const)('is dropped when it repeats that a steer is %s', (level) => {
    const instructionId = 'ins-2';
    const steer: readonly NewEvent[] = [
      { type: 'instruction.queued', instructionId, mode: 'steer', parts: [{ type: 'text', text: 'left' }], by: 'cli' },
      { type: 'instruction.sending', instructionId, ...run },
      { type: `instruction.${level}`, instructionId, ...(level === 'unknown' ? { reason: 'x' } : run) },
    ];
    const again = wrong({ type: `instruction.${level}`, instructionId, reason: 'typed' });
    expect(stamped([again], [...inTurn(), ...steer])).toEqual([]);
  });

  it('says that it lives again when it was stalled', () => {
    const stalled: NewEvent = { type: 'run.stalled', ...run, signal: 'activity', waitingOn: 'model', silentMs: 1 };
    expect(types(stamped([{ type: 'text.delta', messageId: 'm', text: 'x' }], [...inTurn(), stalled]))).toEqual([
      'run.progressed',
      'text.delta',
    ]);
  });
});

describe('an approval that an adapter reports', () => {
  it.each<[string, Partial<TaskSpec>, number | undefined, number]>([
    ['an hour, if nobody says anything', {}, undefined, 3_600_000],
    ['what the task says', { approvals: { rules: [], default: 'ask', timeoutMs: 5000 } }, undefined, 5000],
    [
      'what the backend says, when that is less',
      { approvals: { rules: [], default: 'ask', timeoutMs: 5000 } },
      300,
      300,
    ],
    [
      'what the task says, when that is less',
      { approvals: { rules: [], default: 'ask', timeoutMs: 5000 } },
      9000,
      5000,
    ],
  ])('has a limit: %s', (_what, spec, timeoutMs, expected) => {
    const [event] = stamped([{ ...ask, ...(timeoutMs === undefined ? {} : { timeoutMs }) }], inTurn(spec));
    expect(event).toMatchObject({ ...ask, ...run, expiresAt: now + expected });
  });

  it('is closed with the turn that asked for it', () => {
    const asked: NewEvent = { ...ask, ...run, expiresAt: 1 };
    const result = stamped(
      [{ type: 'turn.ended', turnId: '1', outcome: { status: 'succeeded' } }],
      [...inTurn(), asked],
    );
    expect(result).toEqual([
      { type: 'approval.resolved', approvalId: 'a', resolution: { kind: 'cancelled' }, by: 'runtime', ...run },
      { type: 'turn.ended', turnId: '1', outcome: { status: 'succeeded' }, ...run, sourceCursor: 'c7' },
    ]);
  });

  it('is closed when the backend takes it back', () => {
    expect(types(stamped([ask, { type: 'approval.withdrawn', approvalId: 'a' }]))).toEqual([
      'approval.requested',
      'approval.resolved',
    ]);
  });
});
