import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime, type MemoryRuntimeOptions } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError } from '@runtime/contracts';
import type { ControlPlane, Scheduler } from '@runtime/contracts';
import type { Recovery, RuntimeAdapter, RuntimeSession, SessionEvent, SourceBatch } from '@runtime/contracts/adapter';
import type { StoredEvent } from '@runtime/contracts/log';
import { describe, expect, it } from 'vitest';
import { connectControlPlane, fifo, socketPath } from '../src/index.ts';
import { ensureSocketDirectory } from '../src/socket/socket-path.ts';
import { nextAttempt } from '../src/attempt/next-attempt.ts';
import { faultyFs } from './support/faulty-fs.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane, retry, typesOf } from './support/planes.ts';
import { fold, submitted } from './support/states.ts';

/** The runtime in memory, with what a hostile one would do instead. */
function hostile(
  options: MemoryRuntimeOptions,
  over: {
    readonly session?: (session: RuntimeSession) => Partial<RuntimeSession>;
    readonly adapter?: (inner: RuntimeAdapter) => Partial<RuntimeAdapter>;
  },
): RuntimeAdapter {
  const inner = memoryRuntime(options);
  const wrap = (session: RuntimeSession): RuntimeSession => ({ ...session, ...over.session?.(session) });
  const adapter: RuntimeAdapter = {
    ...inner,
    start: async (launch, call) => wrap(await inner.start(launch, call)),
    recover: async (handle, call): Promise<Recovery> => {
      const found = await inner.recover(handle, call);
      return 'session' in found ? { ...found, session: wrap(found.session) } : found;
    },
  };
  return { ...adapter, ...over.adapter?.(adapter) };
}

function never<T>(called: () => void = () => undefined): Promise<T> {
  called();
  return new Promise<T>(() => undefined);
}

async function* silent(called: () => void): AsyncGenerator<SourceBatch> {
  yield await never<SourceBatch>(called);
}

async function seen(plane: ControlPlane, id: string, type: string): Promise<StoredEvent> {
  for await (const event of plane.task(id).events()) if (event.type === type) return event;
  throw new Error(`no ${type}`);
}

function expectFinal(events: readonly StoredEvent[]): void {
  const levels = new Map<string, string>();
  const approvals = new Set<string>();
  for (const event of events) {
    if (event.type === 'task.submitted') levels.set(String(event['instructionId']), 'queued');
    if (event.type.startsWith('instruction.')) levels.set(String(event['instructionId']), event.type.slice(12));
    if (event.type === 'approval.requested') approvals.add(String(event['approvalId']));
    if (event.type === 'approval.resolved') approvals.delete(String(event['approvalId']));
  }
  expect([...levels.values()].filter((level) => ['queued', 'sending', 'accepted'].includes(level))).toEqual([]);
  expect([...approvals]).toEqual([]);
}

const ask: SessionEvent = {
  type: 'approval.requested',
  approvalId: 'ask-late',
  kind: 'tool',
  title: 'may I?',
  choices: [{ id: 'yes', label: 'yes', kind: 'allow' }],
};

describe('every approval is resolved', () => {
  it('when its run turns out to be lost after a restart', async () => {
    await using places = await makePlaces();
    const options: MemoryRuntimeOptions = {
      script: () => [{ do: 'ask', title: 't', answered: () => [{ do: 'say', text: 'ok' }] }],
    };
    const first = await openPlane(places, { adapters: [memoryRuntime(options)] });
    const { id } = await first.submit({
      prompt: 'go',
      workspace: places.workspace,
      retry: { ...retry, maxAttempts: 1 },
    });
    await seen(first, id, 'approval.requested');
    await first.close();
    const blind = hostile(options, {
      adapter: () => ({ recover: async () => ({ status: 'unknowable', reason: 'no idea' }) }),
    });
    await using second = await openPlane(places, { adapters: [blind] });
    await second.task(id).outcome();
    const events = await eventsOf(second, id);
    expectSoundStream(events);
    expectFinal(events);
  });

  it('when it is asked for while its run is being stopped', async () => {
    await using places = await makePlaces();
    const adapter = hostile(
      { script: () => [{ do: 'hang' }] },
      {
        session: (session) => ({
          events: async function* (options) {
            let cursor = '';
            for await (const batch of session.events(options)) {
              cursor = batch.cursor;
              yield batch;
            }
            yield { cursor, events: [ask] };
          },
        }),
      },
    );
    await using plane = await openPlane(places, { adapters: [adapter] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await seen(plane, task.id, 'turn.started');
    await task.cancel();
    await task.outcome();
    const events = await eventsOf(plane, task.id);
    expectSoundStream(events);
    expectFinal(events);
  });
});

describe('every instruction reaches a final level', () => {
  it('when the workspace is gone before the run', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [
        hostile(
          {},
          {
            adapter: (inner) => ({
              probe: async (call) => {
                await rm(places.workspace, { recursive: true, force: true });
                return inner.probe(call);
              },
            }),
          },
        ),
      ],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await task.steer('and this');
    expect(await task.outcome()).toMatchObject({ status: 'failed' });
    expectFinal(await eventsOf(plane, task.id));
  });
});

describe('a plane is not ended', () => {
  it('by an instruction that is larger than the log takes', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: () => [{ do: 'hang' }] })] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await seen(plane, task.id, 'turn.started');
    const image = { type: 'image' as const, mediaType: 'image/png', data: 'A'.repeat(12 * 1024 * 1024) };
    await expect(task.steer([image, image])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await task.status()).toMatchObject({ status: 'running' });
    await task.cancel();
    expect(await task.outcome()).toEqual({ status: 'cancelled' });
  });

  it('by a record of more events than the log takes at once', async () => {
    await using places = await makePlaces();
    const many = Array.from({ length: 3000 }, (): SessionEvent => ({
      type: 'usage.reported',
      usage: { scope: 'turn', inputTokens: 1, outputTokens: 1 },
    }));
    const adapter = hostile(
      { script: () => [{ do: 'hang' }] },
      {
        session: () => ({
          events: async function* () {
            yield { cursor: '1', events: many };
          },
        }),
      },
    );
    await using plane = await openPlane(places, { adapters: [adapter] });
    const task = await plane.submit({
      prompt: 'go',
      workspace: places.workspace,
      recovery: 'restart',
      retry: { ...retry, maxAttempts: 1 },
    });
    expect(await task.outcome()).toMatchObject({ status: 'lost' });
    expectSoundStream(await eventsOf(plane, task.id));
  });
});

describe('no process is left', () => {
  it('when the plane lets go while a run’s processes cannot be ended yet', async () => {
    await using places = await makePlaces();
    let reaps = 0;
    const reaping = Promise.withResolvers<void>();
    const adapter = hostile(
      { script: () => [{ do: 'hang' }] },
      {
        adapter: (inner) => ({
          reap: async (handle, call) => {
            reaps += 1;
            reaping.resolve();
            if (reaps === 1) throw new Error('something is left');
            await inner.reap(handle, call);
          },
        }),
      },
    );
    const first = await openPlane(places, { adapters: [adapter] });
    const task = await first.submit({ prompt: 'go', workspace: places.workspace });
    await seen(first, task.id, 'turn.started');
    await task.cancel();
    await reaping.promise;
    await first.close();
    await using second = await openPlane(places, { adapters: [adapter] });
    expect(await second.task(task.id).outcome()).toEqual({ status: 'cancelled' });
    expect(reaps).toBeGreaterThan(1);
  });
});

describe('an answer', () => {
  it('is told to the runtime: nobody answers in its name', async () => {
    await using places = await makePlaces();
    const options: MemoryRuntimeOptions = {
      script: () => [{ do: 'ask', title: 't', answered: () => [{ do: 'say', text: 'ok' }] }],
    };
    const told: unknown[] = [];
    const adapter = hostile(options, {
      session: (session) => ({
        answer: async (id, decision, call) => {
          told.push(decision);
          await session.answer(id, decision, call);
        },
      }),
    });
    await using plane = await openPlane(places, { adapters: [adapter] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    const request = await seen(plane, task.id, 'approval.requested');
    const [choice] = request['choices'] as { id: string }[];
    const answer = (by: string): Promise<void> =>
      task.answer(String(request['approvalId']), { choice: choice!.id }, { by });
    for (const name of ['runtime', 'plane', 'clock'])
      await expect(answer(name)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await answer('me');
    await expect.poll(() => told).toEqual([{ choice: choice!.id }]);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });
});

describe('nothing is silently sent twice', () => {
  it.each(['TypeError', 'TimeoutError', 'OUTCOME_UNKNOWN'])(
    'when handing over an instruction broke off with %s',
    async (name) => {
      await using places = await makePlaces();
      const sent: string[] = [];
      const adapter = hostile(
        { capabilities: { resume: 'none' } },
        {
          session: () => ({
            send: async (instruction) => {
              sent.push(instruction.id);
              if (name === 'OUTCOME_UNKNOWN') throw new AgentRuntimeError(name, 'nobody can tell');
              throw Object.assign(new Error('in the middle'), { name });
            },
          }),
        },
      );
      await using plane = await openPlane(places, { adapters: [adapter] });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry, recovery: 'manual' });
      await expect.poll(async () => (await task.status()).instructions[0]?.level).toBe('unknown');
      const asked = await seen(plane, task.id, 'approval.requested');
      expect(asked).toMatchObject({ kind: 'recovery' });
      // Where there is no next runtime, none is offered.
      expect((asked['choices'] as { id: string }[]).map(({ id }) => id)).toEqual(['restart', 'give_up']);
      expect(sent).toHaveLength(1);
      await task.cancel();
      await task.outcome();
    },
  );

  it('when nobody can tell whether it was opened, and a new run can do no harm', async () => {
    await using places = await makePlaces();
    let sends = 0;
    const adapter = hostile(
      {},
      {
        session: (session) => ({
          send: (instruction, options) => {
            sends += 1;
            if (sends === 1) return Promise.reject(new AgentRuntimeError('OUTCOME_UNKNOWN', 'nobody can tell'));
            return session.send(instruction, options);
          },
        }),
      },
    );
    await using plane = await openPlane(places, { adapters: [adapter] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const events = await eventsOf(plane, task.id);
    expectSoundStream(events);
    // There was no conversation yet that could be resumed.
    const modes = events.filter(({ type }) => type === 'run.starting').map((event) => event['mode']);
    expect(modes).toEqual(['start', 'restart']);
  });

  it.each(['INTERNAL', 'CANCELLED', 'DEADLINE_EXCEEDED', 'CONFLICT'] as const)(
    'when a launch that takes its instruction with it broke off with %s',
    async (code) => {
      await using places = await makePlaces();
      let starts = 0;
      const adapter = hostile(
        { capabilities: { firstInstruction: 'launch' } },
        {
          adapter: () => ({
            start: () => {
              starts += 1;
              return Promise.reject(new AgentRuntimeError(code, 'in the middle'));
            },
          }),
        },
      );
      await using plane = await openPlane(places, { adapters: [adapter] });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
      expect(await seen(plane, task.id, 'approval.requested')).toMatchObject({ kind: 'recovery' });
      expect(starts).toBe(1);
      await task.cancel();
      await task.outcome();
    },
  );
});

describe('a log that fails while an instruction is handed over', () => {
  it('ends the plane, not its host', async () => {
    await using places = await makePlaces();
    const { fs, faults } = faultyFs();
    const plane = await openPlane(places, {
      adapters: [memoryRuntime()],
      logFs: fs,
      failpoint: (name) => {
        if (name === 'append.before:instruction.sending') faults.failSyncs = 1;
      },
    });
    await plane.submit({ prompt: 'go', workspace: places.workspace });
    expect(await plane.closed).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await plane.close();
  });
});

describe('a recovery that could not look', () => {
  it('is repeated, and ends no agent that is at work', async () => {
    await using places = await makePlaces();
    let looks = 0;
    const options: MemoryRuntimeOptions = {
      script: () => [{ do: 'ask', title: 't', answered: () => [{ do: 'say', text: 'ok' }] }],
    };
    const adapter = hostile(options, {
      adapter: (inner) => ({
        recover: (handle, call) => {
          looks += 1;
          if (looks < 3) return Promise.reject(Object.assign(new Error('too many open files'), { code: 'EMFILE' }));
          return inner.recover(handle, call);
        },
      }),
    });
    const first = await openPlane(places, { adapters: [adapter] });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
    const asked = await seen(first, id, 'approval.requested');
    await first.close();
    await using second = await openPlane(places, { adapters: [adapter] });
    await seen(second, id, 'run.reattached');
    const choice = (asked['choices'] as { id: string }[])[0]!.id;
    await second.task(id).answer(String(asked['approvalId']), { choice });
    expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
    const events = await eventsOf(second, id);
    expect(events.filter(({ type }) => type === 'run.starting')).toHaveLength(1);
  });
});

describe('a scheduler that throws', () => {
  it('starts nothing that time, and is asked again', async () => {
    await using places = await makePlaces();
    const inner = fifo();
    let asked = 0;
    const scheduler: Scheduler = {
      admit: (state, now) => {
        asked += 1;
        if (asked < 3) throw new Error('confused');
        return inner.admit(state, now);
      },
    };
    await using plane = await openPlane(places, { adapters: [memoryRuntime()], scheduler });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });
});

describe('an opening that fails half way', () => {
  it('leaves no file open', async () => {
    await using places = await makePlaces();
    const { fs, faults } = faultyFs();
    const taken = await socketPath(places.dataDir);
    await ensureSocketDirectory();
    await mkdir(taken);
    try {
      await expect(openPlane(places, { adapters: [memoryRuntime()], listen: true, logFs: fs })).rejects.toThrow();
      expect(faults.open).toBe(0);
    } finally {
      await rm(taken, { recursive: true });
    }
    await using plane = await openPlane(places, { adapters: [memoryRuntime()], listen: true });
    expect((await plane.info()).clients).toBe(0);
  });
});

describe('a key stands for one task', () => {
  it('when three submit with one key and the first finds the disk full', async () => {
    await using places = await makePlaces();
    const { fs, faults } = faultyFs();
    await using plane = await openPlane(places, { adapters: [memoryRuntime()], logFs: fs });
    // Full for one write.
    Object.defineProperty(faults, 'full', { get: () => faults.refused === 0 });
    const request = { prompt: 'go', workspace: places.workspace, key: 'k' };
    const settled = await Promise.allSettled([1, 2, 3].map(() => plane.submit(request)));
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(await plane.tasks()).toHaveLength(1);
  });
});

describe('as many run as the scheduler says', () => {
  it('also when one is spoken to while its runtime is being looked at', async () => {
    await using places = await makePlaces();
    const probe = Promise.withResolvers<void>();
    const probing = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    const adapter = hostile(
      { script: () => [{ do: 'hang' }] },
      {
        adapter: (inner) => ({
          probe: async (call) => {
            probing.resolve();
            await probe.promise;
            return inner.probe(call);
          },
          start: async (launch, call) => {
            running += 1;
            most = Math.max(most, running);
            return inner.start(launch, call);
          },
        }),
      },
    );
    await using plane = await openPlane(places, { adapters: [adapter], scheduler: fifo({ concurrency: 1 }) });
    const one = await plane.submit({ prompt: 'one', workspace: places.workspace, shareWorkspace: true });
    await probing.promise;
    const two = await plane.submit({ prompt: 'two', workspace: places.workspace, shareWorkspace: true });
    await one.steer('more');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    probe.resolve();
    await seen(plane, one.id, 'turn.started');
    await expect(two.status()).resolves.toMatchObject({ status: 'queued' });
    expect(most).toBe(1);
    await one.cancel();
    await two.cancel();
    await Promise.all([one.outcome(), two.outcome()]);
  });
});

describe('a scheduler that starts what may not start yet', () => {
  it('is not followed', async () => {
    await using places = await makePlaces();
    const occupied: number[] = [];
    const scheduler: Scheduler = {
      admit: ({ queued, running }) => {
        occupied.push(running.length);
        return [...queued].map(({ taskId }) => taskId);
      },
    };
    const adapter = memoryRuntime({ faults: { start: { code: 'UNAVAILABLE' } } });
    await using plane = await openPlane(places, { adapters: [adapter], scheduler });
    const request = { prompt: 'go', workspace: places.workspace, shareWorkspace: true };
    const patient = { maxAttempts: 3, baseDelayMs: 60_000, maxDelayMs: 60_000 };
    const task = await plane.submit({ ...request, retry: patient });
    await seen(plane, task.id, 'attempt.scheduled');
    const other = await plane.submit({ ...request, retry: { ...retry, maxAttempts: 1 } });
    await other.outcome();
    occupied.length = 0;
    await (await plane.submit({ ...request, retry: { ...retry, maxAttempts: 1 } })).outcome();
    expect(occupied[0]).toBe(0);
    expect(await task.status()).toMatchObject({ status: 'queued' });
  });
});

describe('closing', () => {
  const closes: [string, (called: () => void) => Parameters<typeof hostile>[1]][] = [
    ['a send', (called) => ({ session: () => ({ send: () => never(called) }) })],
    ['a source', (called) => ({ session: () => ({ events: () => silent(called) }) })],
    ['a probe', (called) => ({ adapter: () => ({ probe: () => never(called) }) })],
    ['a reap', (called) => ({ adapter: () => ({ reap: () => never(called) }) })],
  ];
  it.each(closes)('does not wait for %s that never returns', async (_what, over) => {
    await using places = await makePlaces();
    const { promise, resolve } = Promise.withResolvers<void>();
    const plane = await openPlane(places, { adapters: [hostile({}, over(resolve))] });
    await plane.submit({ prompt: 'go', workspace: places.workspace });
    await promise;
    await plane.close();
  });

  it('does not wait for a recovery that never returns', async () => {
    await using places = await makePlaces();
    const options: MemoryRuntimeOptions = { script: () => [{ do: 'hang' }] };
    const first = await openPlane(places, { adapters: [memoryRuntime(options)] });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
    await seen(first, id, 'turn.started');
    await first.close();
    const recovering = Promise.withResolvers<void>();
    const second = await openPlane(places, {
      adapters: [hostile(options, { adapter: () => ({ recover: () => never(recovering.resolve) }) })],
    });
    await recovering.promise;
    await second.close();
  });
});

describe('the end of a plane', () => {
  it('is told to every client in the same process', async () => {
    await using places = await makePlaces();
    const owner = await openPlane(places, { adapters: [memoryRuntime()] });
    const client = await connectControlPlane({ dataDir: places.dataDir });
    await owner.close();
    expect(await owner.closed).toBeUndefined();
    expect(await client.closed).toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a task ends', () => {
  it('by a cancel although a send never returns', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [hostile({}, { session: () => ({ send: () => never() }) })],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await seen(plane, task.id, 'instruction.sending');
    await task.cancel();
    expect(await task.outcome()).toEqual({ status: 'cancelled' });
    expectFinal(await eventsOf(plane, task.id));
  });

  it.each([
    [
      'events',
      'lost',
      () => ({
        events: () => {
          throw new Error('no events');
        },
      }),
    ],
    [
      'asyncDispose',
      'succeeded',
      () => ({
        [Symbol.asyncDispose]: () => {
          throw new Error('no dispose');
        },
      }),
    ],
  ] as const)('when %s throws', async (_what, status, session) => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [hostile({}, { session })] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry: { ...retry, maxAttempts: 1 } });
    expect(await task.outcome()).toMatchObject({ status });
  });
});

describe('an adapter that never returns', () => {
  const tuning = { stopGraceMs: 20, startTimeoutMs: 20, overdueMs: 100 };

  it('from a stop holds neither the task nor the plane', async () => {
    await using places = await makePlaces();
    const adapter = hostile({ script: () => [{ do: 'hang' }] }, { session: () => ({ stop: () => never() }) });
    await using plane = await openPlane(places, { adapters: [adapter], tuning });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await seen(plane, task.id, 'turn.started');
    await task.cancel();
    expect(await task.outcome()).toEqual({ status: 'cancelled' });
    expect(await seen(plane, task.id, 'run.ended')).toMatchObject({ exit: { kind: 'unknown' } });
  });

  it('from a start, whatever its signal says, counts as a failed one', async () => {
    await using places = await makePlaces();
    let starts = 0;
    const start = (inner: RuntimeAdapter): Partial<RuntimeAdapter> => ({
      start: (launch, call) => ((starts += 1) === 1 ? never() : inner.start(launch, call)),
    });
    const adapter = hostile({}, { adapter: start });
    await using plane = await openPlane(places, { adapters: [adapter], tuning: { ...tuning, startTimeoutMs: 200 } });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expectSoundStream(await eventsOf(plane, task.id));
  });

  it('from letting go of a session holds nothing either', async () => {
    await using places = await makePlaces();
    const adapter = hostile({}, { session: () => ({ [Symbol.asyncDispose]: () => never() }) });
    await using plane = await openPlane(places, { adapters: [adapter], tuning });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });

  it('from an interrupt is stopped instead: the intent was to end the turn', async () => {
    await using places = await makePlaces();
    const adapter = hostile({ script: () => [{ do: 'hang' }] }, { session: () => ({ interrupt: () => never() }) });
    await using plane = await openPlane(places, { adapters: [adapter], tuning });
    const request = { prompt: 'go', workspace: places.workspace, retry: { ...retry, maxAttempts: 1 } };
    const task = await plane.submit(request);
    await seen(plane, task.id, 'turn.started');
    await task.interrupt();
    expect(await seen(plane, task.id, 'run.stopping')).toMatchObject({ cause: 'lost_control' });
    expect(await task.outcome()).toMatchObject({ status: 'lost' });
  });

  it('from a look at a run or from reaping it, is asked again', async () => {
    await using places = await makePlaces();
    const options: MemoryRuntimeOptions = { script: () => [{ do: 'hang' }] };
    const first = await openPlane(places, { adapters: [memoryRuntime(options)] });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
    await seen(first, id, 'turn.started');
    await first.close();
    const asked = { recover: 0, reap: 0 };
    const adapter = hostile(options, {
      adapter: (inner) => ({
        recover: (handle, call) => ((asked.recover += 1) === 1 ? never() : inner.recover(handle, call)),
        reap: (handle, call) => ((asked.reap += 1) === 1 ? never() : inner.reap(handle, call)),
      }),
    });
    await using second = await openPlane(places, { adapters: [adapter], tuning });
    await seen(second, id, 'run.reattached');
    await second.task(id).cancel();
    expect(await second.task(id).outcome()).toEqual({ status: 'cancelled' });
    expect(asked).toEqual({ recover: 2, reap: 2 });
  });
});

describe('a run that was being stopped when its plane died', () => {
  it('keeps what its turn came to, also when nobody can say what became of its process', async () => {
    await using places = await makePlaces();
    const stopping = Promise.withResolvers<void>();
    const first = await openPlane(places, {
      adapters: [hostile({}, { adapter: () => ({ reap: () => never(stopping.resolve) }) })],
    });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace, recovery: 'manual' });
    await stopping.promise;
    await first.close();
    const blind = hostile(
      {},
      { adapter: () => ({ recover: async () => ({ status: 'unknowable', reason: 'no idea' }) }) },
    );
    await using second = await openPlane(places, { adapters: [blind] });
    expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
    expect(typesOf(await eventsOf(second, id)).filter((type) => type === 'run.starting')).toHaveLength(1);
  });
});

describe('the workspace of a run whose runtime is not configured any more', () => {
  it('is not given to another task: its agent may still be at work', async () => {
    await using places = await makePlaces();
    const first = await openPlane(places, { adapters: [memoryRuntime({ script: () => [{ do: 'hang' }] })] });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
    await seen(first, id, 'turn.started');
    await first.close();
    const looked = Promise.withResolvers<void>();
    const other = hostile(
      { id: 'other' },
      {
        adapter: (inner) => ({
          probe: async (call) => {
            looked.resolve();
            return inner.probe(call);
          },
        }),
      },
    );
    await using second = await openPlane(places, { adapters: [other] });
    const task = await second.submit({ prompt: 'go', workspace: places.workspace });
    const elsewhere = await second.submit({ prompt: 'go', workspace: places.root });
    await looked.promise;
    expect(await elsewhere.outcome()).toEqual({ status: 'succeeded' });
    expect(await task.status()).toMatchObject({ status: 'queued' });
    await task.cancel();
    await task.outcome();
  });
});

describe('a clock that was set back', () => {
  it('does not hold up what was submitted before', async () => {
    const state = fold([submitted()]);
    expect(nextAttempt({ ...state, submittedAt: 5_000_000 })?.notBefore).toBe(0);
  });
});

describe('a log that cannot be closed', () => {
  it('does not keep the lock', async () => {
    await using places = await makePlaces();
    const { fs, faults } = faultyFs();
    const first = await openPlane(places, { adapters: [memoryRuntime()], logFs: fs });
    faults.failCloses = true;
    await first.close().catch(() => undefined);
    await using second = await openPlane(places, { adapters: [memoryRuntime()] });
    expect(await second.tasks()).toEqual([]);
  });
});

describe('a task that cannot be launched for a reason of its own', () => {
  it('does not close the runtime to the others', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
    const env = { file: join(places.root, 'no-such-file') };
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, env, retry });
    expect(await task.outcome()).toMatchObject({ status: 'failed' });
    expect((await plane.runtimes())[0]).toMatchObject({ breaker: 'closed' });
  });
});

describe('a run whose environment cannot be read any more', () => {
  it('can be cancelled after a restart, and leaves no process', async () => {
    await using places = await makePlaces();
    const file = join(places.root, 'env');
    await writeFile(file, 'TOKEN=secret-value\n', { mode: 0o600 });
    let reaps = 0;
    const adapter = hostile(
      { script: () => [{ do: 'hang' }] },
      {
        adapter: (inner) => ({
          reap: async (handle, call) => {
            reaps += 1;
            await inner.reap(handle, call);
          },
        }),
      },
    );
    const first = await openPlane(places, { adapters: [adapter] });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace, env: { file } });
    await seen(first, id, 'turn.started');
    await first.close();
    await rm(file);
    await using second = await openPlane(places, { adapters: [adapter] });
    await second.task(id).cancel();
    expect(await second.task(id).outcome()).toEqual({ status: 'cancelled' });
    expect(reaps).toBe(1);
    expectFinal(await eventsOf(second, id));
  });
});

describe('a task that can be seen', () => {
  it('can be spoken to', async () => {
    await using places = await makePlaces();
    let gap = (): void => undefined;
    const failpoint = (name: string): void => {
      if (name === 'append.after:task.submitted') gap();
    };
    await using plane = await openPlane(places, { adapters: [memoryRuntime()], failpoint });
    let found: Promise<unknown> = Promise.reject(new Error('not asked'));
    found.catch(() => undefined);
    gap = () => {
      found = plane.tasks().then(async (views) => {
        expect(views).toHaveLength(1);
      });
    };
    await plane.submit({ prompt: 'go', workspace: places.workspace });
    await found;
  });
});
