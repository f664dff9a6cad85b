import { memoryEventLog } from '@runtime/event-log';
import { expect, it } from 'vitest';
import { AgentRuntimeError } from '@runtime/contracts';
import { taskStream, type EventLog } from '@runtime/contracts/log';
import { stateOf } from '../../src/plane/task-registry.ts';
import { Adapters } from '../../src/runtimes/adapters.ts';
import { Runtimes } from '../../src/runtimes/runtimes.ts';
import type { PlaneContext } from '../../src/task/context.ts';
import { Leases } from '../../src/task/leases.ts';
import { TaskValueFiles } from '../../src/task/task-values.ts';
import { Task, type TaskHost } from '../../src/task/task.ts';
import { fold, submitted } from '../support/states.ts';

class PlainTask extends Task {
  wake(): void {}
}

/** A submitted task on a log, and the failures for which it wants its plane to close. */
async function taskOn(log: EventLog) {
  await log.append(taskStream('task-1'), [submitted()]);
  const ctx: PlaneContext = {
    log,
    artifacts: () => Promise.reject(new Error('nothing is kept here')),
    runsDir: '/nowhere',
    servedDir: undefined,
    clock: Date.now,
    skippedSince: () => 0,
    random: () => 0,
    newId: (prefix) => `${prefix}-1`,
    failpoint: () => undefined,
    tuning: {
      deltaWindowMs: 1,
      stallAfterMs: 1,
      stopGraceMs: 1,
      startTimeoutMs: 1,
      minFreeBytes: 0,
      overdueMs: 1,
      sweepEveryMs: 1,
    },
    adapters: new Adapters([]),
    runtimes: new Runtimes(new Adapters([]), log, Date.now),
    values: new TaskValueFiles('/nowhere'),
    leases: new Leases(),
    survivesHost: true,
    environment: {},
    onLeaveRequest: undefined,
    closing: new AbortController().signal,
  };
  const failures: unknown[] = [];
  const host: TaskHost = {
    fail: (error) => failures.push(error),
    reload: (id) => stateOf(log, id),
    changed: () => undefined,
    track: (work) => work(),
    conversationOf: async () => undefined,
    isRunning: () => false,
    isBelow: () => false,
    isStuckBehind: () => false,
    began: () => undefined,
  };
  return { task: new PlainTask(ctx, host, 'task-1', fold([submitted()])), failures };
}

const close = { type: 'close.requested', by: 'x' } as const;

it('a stream that somebody else went on with refuses one append, and the next one stands on what the log holds', async () => {
  const log = memoryEventLog();
  const { task, failures } = await taskOn(log);
  await log.append(taskStream('task-1'), [{ type: 'cancel.requested', by: 'somebody' }]);
  await expect(task.transact(() => [close])).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(failures).toEqual([]);
  const state = await task.transact(() => [close]);
  expect([state.cancel?.by, state.close?.by, state.revision]).toEqual(['somebody', 'x', 3]);
});

it.each([
  ['a full disk', new AgentRuntimeError('EXHAUSTED', 'full'), 0],
  ['a batch that is too large', new AgentRuntimeError('INVALID_ARGUMENT', 'too large'), 0],
  ['a bug of ours', new TypeError('x is not a function'), 0],
  ['a poisoned log', new AgentRuntimeError('UNAVAILABLE', 'poisoned', { details: { poisoned: true } }), 1],
  ['an append that may have happened', new AgentRuntimeError('OUTCOME_UNKNOWN', 'EIO'), 1],
])('a plane with %s is closed or not', async (_what, thrown, closes) => {
  const log = memoryEventLog();
  const { task, failures } = await taskOn(log);
  log.append = () => Promise.reject(thrown);
  await expect(task.transact(() => [close])).rejects.toBe(thrown);
  expect(failures).toEqual(closes === 1 ? [thrown] : []);
});
