import { setTimeout as sleep } from 'node:timers/promises';
import { memoryRuntime, type MemoryScript } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError, type ControlPlane, type TaskHandle } from '@runtime/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fifo } from '../../src/index.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane, retry, typesOf } from '../support/planes.ts';

const until = async (task: TaskHandle, type: string): Promise<void> => {
  for await (const event of task.events()) if (event.type === type) return;
};
const ofInstruction = async (plane: ControlPlane, task: TaskHandle, instructionId: string): Promise<string[]> =>
  (await eventsOf(plane, task.id)).filter((event) => event['instructionId'] === instructionId).map(({ type }) => type);
/** Talks until it is spoken to. */
const listening: MemoryScript = ({ instruction }) =>
  instruction.mode === 'prompt'
    ? [{ do: 'say', text: 'working' }, { do: 'listen' }, { do: 'say', text: 'heard' }]
    : [{ do: 'say', text: 'again' }];
/** Keeps a plane busy, so that what is submitted next waits for its turn. */
async function occupy(plane: ControlPlane, workspace: string): Promise<TaskHandle> {
  const busy = await plane.submit({ prompt: 'occupy', workspace, shareWorkspace: true });
  await until(busy, 'turn.started');
  return busy;
}

describe('an instruction', () => {
  it('is the same one when it is sent twice with one key, while its task runs and afterwards', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: listening })] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await until(task, 'message.completed');
    const [first, second] = await Promise.all([task.steer('left', { key: 'k' }), task.steer('left', { key: 'k' })]);
    expect(second.instructionId).toBe(first.instructionId);
    await expect(task.steer('right', { key: 'k' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(task.followUp('left', { key: 'k' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(
      (await ofInstruction(plane, task, first.instructionId)).filter((type) => type === 'instruction.queued'),
    ).toHaveLength(1);
    // Whoever did not hear the answer the first time asks again, and the task may be over by then.
    expect((await task.steer('left', { key: 'k' })).instructionId).toBe(first.instructionId);
    await expect(task.steer('right', { key: 'k' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(task.steer('new', { key: 'k2' })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('is declined, and not sent, when it expired before it could be', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: listening })] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await until(task, 'message.completed');
    const late = await task.steer('late', { expiresAt: Date.now() - 1000 });
    await expect(late.reached('accepted')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('expired'),
    });
    expect(await ofInstruction(plane, task, late.instructionId)).toEqual([
      'instruction.queued',
      'instruction.declined',
    ]);
    const early = await task.steer('early', { expiresAt: Date.now() + 60_000 });
    await early.reached('observed');
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });

  it('is declined when the turn that it is for is not running', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: listening })] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await until(task, 'message.completed');
    const other = await task.steer('x', { ifTurn: '9' });
    await expect(other.reached('delivered')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('Turn 9'),
    });
    const [run] = (await task.status()).runs;
    await (await task.steer('x', { ifTurn: run!.turnId! })).reached('delivered');
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });

  it('joins the prompt when it is said before the start, in the order it was said', async () => {
    await using places = await makePlaces();
    const heard: string[] = [];
    const script: MemoryScript = ({ text }) => {
      if (text === 'occupy') return [{ do: 'hang' }];
      heard.push(text);
      return [{ do: 'say', text: 'done' }];
    };
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script })],
      scheduler: fifo({ concurrency: 1 }),
    });
    const busy = await occupy(plane, places.workspace);
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, shareWorkspace: true });
    const one = await task.steer('one');
    const two = await task.followUp('two');
    const expired = await task.steer('expired', { expiresAt: Date.now() - 1 });
    const conditional = await task.steer('only then', { ifTurn: '1' });
    await busy.cancel();
    await Promise.all([one.reached('observed'), two.reached('observed')]);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(heard).toEqual(['go\nFurther instruction: one\nFurther instruction: two']);
    expect([await expired.level(), await conditional.level()]).toEqual(['declined', 'declined']);
    expectSoundStream(await eventsOf(plane, task.id));
  });

  it('is said again to a run that starts over, with the prompt and a note', async () => {
    await using places = await makePlaces();
    const heard: string[] = [];
    const script: MemoryScript = ({ text }) => {
      heard.push(text);
      return heard.length === 1
        ? [{ do: 'say', text: 'x' }, { do: 'listen' }, { do: 'say', text: 'heard' }, { do: 'vanish' }]
        : [{ do: 'say', text: 'done' }];
    };
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script, capabilities: { resume: 'none' } })],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
    await until(task, 'message.completed');
    await task.steer('mind the gap');
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(heard).toHaveLength(2);
    expect(heard[1]?.split('\n')).toEqual([
      'go',
      expect.stringContaining('earlier attempt'),
      'Further instruction: mind the gap',
    ]);
    expectSoundStream(await eventsOf(plane, task.id));
  });

  it('is refused from the thousandth on', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script: ({ text }) => (text === 'occupy' ? [{ do: 'hang' }] : []) })],
      scheduler: fifo({ concurrency: 1 }),
    });
    await occupy(plane, places.workspace);
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, shareWorkspace: true });
    const results = await Promise.allSettled(Array.from({ length: 1001 }, (_, n) => task.steer(`s${n}`)));
    const refused = results
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => AgentRuntimeError.from(reason));
    // The prompt is one of them.
    expect(results.length - refused.length).toBe(999);
    for (const error of refused) expect(error).toMatchObject({ code: 'EXHAUSTED', retry: 'never' });
    await task.cancel();
  });

  it('is refused by a runtime that cannot take it, and after a close', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [
        memoryRuntime({
          script: () => [{ do: 'say', text: 'x' }, { do: 'hang' }],
          capabilities: { steer: 'none', followUp: false },
        }),
      ],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await until(task, 'message.completed');
    await expect(task.steer('x')).rejects.toMatchObject({ code: 'UNSUPPORTED', retry: 'elsewhere' });
    await expect(task.followUp('x')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await task.close();
    await expect(task.steer('x')).rejects.toMatchObject({ code: 'CONFLICT' });
    await task.cancel();
    await expect(task.steer('x')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(plane.task('task-nowhere').steer('x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(task.steer('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a receipt', () => {
  it.each(['accepted', 'delivered'] as const)(
    'is refused at once for more than a runtime can prove: %s',
    async (steer) => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [memoryRuntime({ script: listening, capabilities: { steer } })],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
      await until(task, 'message.completed');
      const receipt = await task.steer('x');
      await expect(receipt.reached('observed')).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        details: { provable: steer },
      });
      await receipt.reached('accepted');
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
    },
  );

  it('says that nobody can know, when nobody can', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [
        memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'hang' }], capabilities: { steer: 'unknown' } }),
      ],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await until(task, 'message.completed');
    const receipt = await task.steer('x');
    await expect(receipt.reached('accepted')).rejects.toMatchObject({
      code: expect.stringMatching(/^(UNSUPPORTED|OUTCOME_UNKNOWN)$/),
    });
    await expect.poll(() => receipt.level()).toBe('unknown');
    await expect(receipt.reached('delivered')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await task.cancel();
  });

  it('says CONFLICT for what was declined, and OUTCOME_UNKNOWN for what the task ended before', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'hang' }] })],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await until(task, 'message.completed');
    const followUp = await task.followUp('never heard');
    await followUp.reached('accepted');
    const waiting = followUp.reached('observed');
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' }), task.cancel()]);
    await expect(followUp.reached('delivered')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await expect(plane.task(task.id).status()).resolves.toMatchObject({ status: 'cancelled' });
  });

  it('stops waiting with its signal, and the instruction goes on', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'hang' }] })],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await until(task, 'message.completed');
    const receipt = await task.followUp('x');
    const controller = new AbortController();
    const waiting = receipt.reached('observed', { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(['queued', 'sending', 'accepted']).toContain(await receipt.level());
    await task.cancel();
  });
});

describe('a follow-up that races the end of its run', () => {
  it('is either served or refused, never lost', async () => {
    await using places = await makePlaces();
    let turns = 0;
    const adapters = [
      memoryRuntime({
        script: ({ text }) => {
          turns += 1;
          return [{ do: 'say', text }];
        },
      }),
    ];
    await using plane = await openPlane(places, { adapters, scheduler: fifo({ concurrency: 20 }) });
    const seen = { served: 0, refused: 0 };
    // As long as a task takes here and now, and longer: the instruction comes at every moment of it, and too late.
    const began = performance.now();
    await (await plane.submit({ prompt: 'go', workspace: places.workspace, shareWorkspace: true })).outcome();
    const tookMs = Math.ceil(performance.now() - began);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 2 * tookMs }), fc.nat({ max: 3 }), async (ms, ticks) => {
        const task = await plane.submit({ prompt: 'go', workspace: places.workspace, shareWorkspace: true });
        await sleep(ms);
        for (let n = 0; n < ticks; n += 1) await new Promise((resolve) => setImmediate(resolve));
        const sent = await task.followUp('one more').catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'CONFLICT' });
          return undefined;
        });
        expect(await task.outcome()).toEqual({ status: 'succeeded' });
        const events = await eventsOf(plane, task.id);
        expectSoundStream(events);
        expect(events.filter(({ type }) => type === 'run.starting')).toHaveLength(1);
        seen[sent ? 'served' : 'refused'] += 1;
        if (sent) expect(await sent.level()).toBe('observed');
      }),
      { numRuns: 60 },
    );
    expect(seen.served).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(0);
    expect(turns).toBeGreaterThan(60);
  });
});

describe('an interrupt', () => {
  it('closes what was asked in the turn, before it ends it', async () => {
    await using places = await makePlaces();
    const adapters = [
      memoryRuntime({ script: () => [{ do: 'ask', title: 'May I?', answered: () => [{ do: 'say', text: 'yes' }] }] }),
    ];
    await using plane = await openPlane(places, { adapters });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await until(task, 'approval.requested');
    const [approval] = (await task.status()).approvals;
    await task.interrupt({ by: 'me', why: 'wrong way' });
    await until(task, 'turn.ended');
    const types = typesOf(await eventsOf(plane, task.id));
    const [resolved, interrupted, ended] = ['approval.resolved', 'interrupt.requested', 'turn.ended'].map((type) =>
      types.indexOf(type),
    );
    expect(resolved).toBeGreaterThan(0);
    expect(interrupted).toBe(resolved! + 1);
    expect(ended).toBeGreaterThan(interrupted!);
    expect(types.filter((type) => type === 'approval.resolved')).toHaveLength(1);
    await expect.poll(async () => (await task.status()).status).toBe('waiting');
    await expect(task.answer(approval!.id, { choice: 'allow' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await task.close();
    await task.outcome();
  });

  it('is refused where there is nothing to interrupt, or no way to', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script: () => [{ do: 'hang' }], capabilities: { interrupt: false } })],
      scheduler: fifo({ concurrency: 1 }),
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, shareWorkspace: true });
    const next = await plane.submit({ prompt: 'go', workspace: places.workspace, shareWorkspace: true });
    await until(task, 'turn.started');
    await expect(task.interrupt()).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(next.interrupt()).rejects.toMatchObject({ code: 'CONFLICT' });
    await Promise.all([task.cancel(), next.cancel()]);
    await Promise.all([task.outcome(), next.outcome()]);
    await expect(task.interrupt()).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});
