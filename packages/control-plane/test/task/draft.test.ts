import { foldTask } from '@runtime/contracts/fold';
import { storedEvent } from '@runtime/contracts/log';
import { describe, expect, it } from 'vitest';
import { Draft } from '../../src/task/draft.ts';
import { fold, inTurn } from '../support/states.ts';

const stream = 'task/task-1';
const run = { runId: 'run-1' };
const text = (words: string) => ({ type: 'text.delta', messageId: 'm', text: words, ...run }) as const;

describe('a draft', () => {
  it('has the state that a reader folds from its events, but for the position, which the log gives', () => {
    const state = fold(inTurn());
    const draft = new Draft(stream, state, 5000);
    draft.push(text('a'));
    draft.push({ type: 'tool.started', callId: 'c', name: 'n', ...run });
    const read = draft.events.reduce(
      (now, event, index) =>
        foldTask(
          now,
          storedEvent(event, { stream, position: 90 + index, revision: state.revision + index + 1, time: 5000 }),
        ) ?? now,
      state,
    );
    expect({ ...draft.state, position: 91 }).toEqual(read);
  });

  it('judges each event by the state that the events before it make', () => {
    const draft = new Draft(stream, fold(inTurn()), 5000);
    expect(draft.offer({ type: 'tool.ended', callId: 'c', ok: true, ...run })).toBe('tool.open');
    draft.push({ type: 'tool.started', callId: 'c', name: 'n', ...run });
    expect(draft.offer({ type: 'tool.ended', callId: 'c', ok: true, ...run })).toBeUndefined();
    expect(draft.events.map(({ type }) => type)).toEqual(['tool.started', 'tool.ended']);
  });

  it('refuses an event that the table does not allow with CONFLICT, and keeps what it has', () => {
    const draft = new Draft(stream, fold(inTurn()), 5000);
    draft.push(text('a'));
    const refused = () => draft.push({ type: 'turn.started', turnId: '2', ...run });
    expect(refused).toThrow(
      expect.objectContaining({ code: 'CONFLICT', details: expect.objectContaining({ guard: 'turn.none' }) }),
    );
    expect(draft.events).toEqual([text('a')]);
  });

  it('folds an amended event as if it had been added so', () => {
    const [amended, added] = [new Draft(stream, fold(inTurn()), 5000), new Draft(stream, fold(inTurn()), 5000)];
    amended.push(text('a'));
    amended.amendLast((event) => ({ ...event, sourceCursor: 'c1' }));
    added.push({ ...text('a'), sourceCursor: 'c1' });
    expect(amended.state).toEqual(added.state);
    expect(amended.events).toEqual(added.events);
  });

  it('has no task before the first event, which submits one', () => {
    const draft = new Draft(stream, undefined, 5000);
    expect(() => draft.state).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(draft.offer(text('a'))).toBe('task.open');
  });
});
