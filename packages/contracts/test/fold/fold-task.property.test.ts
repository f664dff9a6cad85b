import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taskViewSchema, terminalStatusSchema, type InstructionLevel } from '../../src/index.ts';
import { currentRun, foldTask, forbids, taskStatus, taskView, type TaskState } from '../../src/fold/index.ts';
import type { StoredEvent } from '../../src/log/index.ts';
import { histories, imaginable } from '../support/histories.ts';
import { misfit, stored } from '../support/story.ts';

const foldFrom = (events: readonly StoredEvent[], start?: TaskState): TaskState | undefined =>
  events.reduce<TaskState | undefined>((state, event) => foldTask(state, event), start);

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}

const terminal: ReadonlySet<string> = new Set(terminalStatusSchema.options);

/**
 * What alone may bring a task from one of its states to the next; the terminal ones come with `task.ended`, from
 * anywhere.
 */
const movedBy: Readonly<Record<string, readonly string[]>> = {
  'queued → running': ['run.starting'],
  'running → queued': ['run.ended'],
  'waiting → queued': ['run.ended', 'approval.resolved'],
  'queued → waiting': ['approval.requested'],
  // An approval was opened, or an agent that is kept open came to rest.
  'running → waiting': [
    'approval.requested',
    'turn.ended',
    'child.ended',
    'instruction.accepted',
    'instruction.delivered',
    'instruction.observed',
    'instruction.declined',
    'instruction.unknown',
    'interrupt.requested',
  ],
  // It was answered, or what rested has something to do, is to end, or ends.
  'waiting → running': [
    'approval.resolved',
    'run.starting',
    'turn.started',
    'child.started',
    'instruction.queued',
    'instruction.sending',
    'instruction.accepted',
    'run.stopping',
    'cancel.requested',
    'close.requested',
  ],
};

describe('the fold of a task, over histories that the table allows', () => {
  it('is given events that fit their schemas', () => {
    fc.assert(
      fc.property(histories, ({ events }) => {
        for (const event of events) expect(misfit(event), event.type).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it('ends a task at most once, and allows nothing of it afterwards', () => {
    fc.assert(
      fc.property(histories, ({ events, states }) => {
        const ends = events.flatMap(({ type }, index) => (type === 'task.ended' ? [index] : []));
        expect(ends.length).toBeLessThanOrEqual(1);
        const [end] = ends;
        if (end === undefined) return;
        expect(events.slice(end + 1).every(({ type }) => type.startsWith('schedule.'))).toBe(true);
        const last = states.at(-1)!;
        for (const event of imaginable(last, 1000)) {
          if (!event.type.startsWith('schedule.')) expect(forbids(last, event), event.type).toBe('task.open');
        }
      }),
    );
  });

  it('changes nothing that it was given', () => {
    fc.assert(
      fc.property(histories, ({ events, states }) => {
        let state: TaskState | undefined;
        for (const event of events) state = freeze(foldTask(freeze(state), freeze(event)));
        expect(state).toEqual(states.at(-1));
      }),
    );
  });

  it('comes to the same from a state that was saved and read again', () => {
    fc.assert(
      fc.property(histories, fc.nat(), ({ events, states }, nat) => {
        const cut = 1 + (nat % events.length);
        const saved = JSON.parse(JSON.stringify(states[cut - 1])) as TaskState;
        expect(foldFrom(events.slice(cut), saved)).toEqual(states.at(-1));
      }),
    );
  });

  it('ignores events that it does not know, and those of a run that is not the current one', () => {
    const unknownTypes = fc.oneof(fc.string(), fc.constantFrom('constructor', 'toString', '__proto__', 'valueOf'));
    fc.assert(
      fc.property(histories, unknownTypes, ({ states }, type) => {
        const state = states.at(-1)!;
        const known = imaginable(state, 1).some((event) => event.type === type);
        const rest = (of: TaskState | undefined) => ({ ...of, position: 0, revision: 0, updatedAt: 0 });
        const next = state.revision + 1;
        if (!known) expect(rest(foldTask(state, stored({ type, text: 'x' }, next)))).toEqual(rest(state));
        for (const event of imaginable(state, 1)) {
          if (!('runId' in event) || event.type === 'run.starting') continue;
          expect(rest(foldTask(state, stored({ ...event, runId: 'run-of-old' }, next)))).toEqual(rest(state));
        }
      }),
    );
  });

  it('never takes an instruction back, except into a new run', () => {
    const height: Readonly<Record<InstructionLevel, number>> = {
      queued: 0,
      sending: 1,
      // Evidence may still come, and then overrules it.
      unknown: 2,
      accepted: 2,
      delivered: 3,
      observed: 4,
      declined: 5,
    };
    fc.assert(
      fc.property(histories, ({ events, states }) => {
        states.forEach((state, index) => {
          const before = states[index - 1];
          if (!before || events[index]?.type === 'run.starting') return;
          for (const [id, { level }] of Object.entries(before.instructions)) {
            const now = state.instructions[id]?.level ?? 'queued';
            expect(height[now], `${id} from ${level} to ${now} by ${events[index]?.type}`).toBeGreaterThanOrEqual(
              height[level],
            );
          }
        });
      }),
      { numRuns: 200 },
    );
  });

  it('goes from state to state as the machine says, by the events that say so, and is over once', () => {
    const taken = new Set<string>();
    fc.assert(
      fc.property(histories, ({ events, states }) => {
        const seen = states.map(taskStatus);
        expect(seen[0]).toBe('queued');
        seen.forEach((status, index) => {
          const before = seen[index - 1];
          if (before === undefined || before === status) return;
          expect(terminal.has(before), `${before} is for good`).toBe(false);
          const type = events[index]?.type;
          taken.add(terminal.has(status) ? 'the end' : `${before} → ${status}`);
          if (terminal.has(status)) expect(type).toBe('task.ended');
          else expect(movedBy[`${before} → ${status}`], `${before} → ${status}`).toContain(type);
        });
      }),
      { numRuns: 200, seed: 1 },
    );
    expect([...taken].toSorted()).toEqual([...Object.keys(movedBy), 'the end'].toSorted());
  });

  it('derives the state from the facts: an open approval waits, an open run runs, nothing open is queued', () => {
    fc.assert(
      fc.property(histories, ({ states }) => {
        for (const state of states) {
          const status = taskStatus(state);
          const open = Object.values(state.approvals).some(({ resolution }) => resolution === undefined);
          if (state.outcome) expect(status).toBe(state.outcome.status);
          else if (open) expect(status).toBe('waiting');
          else if (!currentRun(state)) expect(status).toBe('queued');
          else expect(['running', 'waiting']).toContain(status);
          if (status === 'waiting' && !open) {
            // Kept open at rest: no turn, no unfinished work, and somebody asked for it.
            expect(currentRun(state)?.turn).toBeUndefined();
            expect(currentRun(state)?.children).toEqual([]);
            expect(state.spec.until === 'closed' || currentRun(state)?.interrupted).toBe(true);
          }
          expect(terminal.has(status)).toBe(state.outcome !== undefined);
        }
      }),
    );
  });

  it('shows every state in a view that fits its schema, and keeps the counts of the stream', () => {
    fc.assert(
      fc.property(histories, ({ events, states }) => {
        states.forEach((state, index) => {
          expect(state.revision).toBe(index + 1);
          expect(state.position).toBe(events[index]?.position);
        });
        expect(taskViewSchema.safeParse(taskView(states.at(-1)!)).error).toBeUndefined();
      }),
    );
  });

  it('has at most one open run, and only the last', () => {
    fc.assert(
      fc.property(histories, ({ states }) => {
        for (const { runs } of states) {
          expect(runs.slice(0, -1).every(({ status }) => status === 'ended')).toBe(true);
          expect(runs.map(({ generation }) => generation)).toEqual(runs.map((_, index) => index + 1));
        }
      }),
    );
  });
});
