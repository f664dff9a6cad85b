import { memoryEventLog } from '@runtime/event-log';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { PlaneContext } from '../../src/task/context.ts';
import { Leases } from '../../src/task/leases.ts';
import { TaskValueFiles } from '../../src/task/task-values.ts';
import { Adapters } from '../../src/runtimes/adapters.ts';
import { Runtimes } from '../../src/runtimes/runtimes.ts';
import type { TaskHost } from '../../src/task/task.ts';
import { TaskActor } from '../../src/plane/task-actor.ts';
import { makePlaces, openPlane } from '../support/planes.ts';
import { fold, inTurn } from '../support/states.ts';

it('rests when it is woken after its end', async () => {
  const log = memoryEventLog();
  const closing = new AbortController();
  let changes = 0;
  const clock = Date.now;
  const ctx: PlaneContext = {
    log,
    artifacts: () => Promise.reject(new Error('nothing is kept here')),
    runsDir: '/nowhere',
    servedDir: undefined,
    clock,
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
    runtimes: new Runtimes(new Adapters([]), log, clock),
    values: new TaskValueFiles('/nowhere'),
    leases: new Leases(),
    survivesHost: true,
    environment: {},
    onLeaveRequest: undefined,
    closing: closing.signal,
  };
  const host: TaskHost = {
    fail: () => undefined,
    reload: () => Promise.reject(new Error('nothing is reloaded here')),
    changed: () => {
      changes += 1;
      // Without this a loop that feeds itself would never let the test end.
      if (changes > 50) closing.abort();
    },
    track: (work) => work(),
    conversationOf: async () => undefined,
    isRunning: () => false,
    isBelow: () => false,
    isStuckBehind: () => false,
    began: () => undefined,
  };
  const run = { runId: 'run-1' };
  const outcome = { status: 'cancelled' };
  const ended = fold([
    ...inTurn(),
    { type: 'run.ended', ...run, outcome, exit: { kind: 'unknown', why: 'x' } },
    { type: 'task.ended', outcome },
  ]);
  const actor = new TaskActor(ctx, host, ended.id, ended);
  actor.wake();
  actor.wake();
  await setImmediate();
  await actor.settled();
  expect(changes).toBeLessThanOrEqual(2);
});

it('takes being closed, answered and cancelled at any moment of its end', async () => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
  for (let ms = 0; ms < 12; ms += 1) {
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    const late: Promise<unknown>[] = [];
    for await (const event of task.events()) {
      if (!['run.stopping', 'run.ended', 'task.ended'].includes(event.type)) continue;
      late.push(
        task.close(),
        task.cancel().catch(() => undefined),
        task.answer('x', { choice: 'y' }).catch(() => undefined),
      );
    }
    await Promise.all(late);
    expect((await task.outcome()).status).toMatch(/^(succeeded|cancelled)$/);
  }
});
