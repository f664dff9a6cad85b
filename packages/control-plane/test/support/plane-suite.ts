import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { describe, expect, it } from 'vitest';
import type { ControlPlane } from '@runtime/contracts';
import {
  eventsOf,
  expectSoundLog,
  expectSoundStream,
  makePlaces,
  retry,
  typesOf,
  type PlaneOptions,
  type Places,
} from './planes.ts';

/** What every plane does, whichever way it is spoken to. */
export function planeSuite(
  name: string,
  openPlane: (places: Places, options: PlaneOptions) => Promise<ControlPlane>,
): void {
  describe(`a task, over ${name}`, () => {
    it('runs on a runtime, streams what the agent says, and ends once', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [memoryRuntime({ script: () => [{ do: 'say', text: ['hel', 'lo'] }] })],
      });
      const task = await plane.submit({ prompt: 'greet', workspace: places.workspace });
      let text = '';
      for await (const event of task.events()) if (event.type === 'text.delta') text += event.text;
      expect(text).toBe('hello');
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      const events = await eventsOf(plane, task.id);
      expectSoundStream(events);
      expect(typesOf(events).filter((type) => type.startsWith('run.'))).toEqual([
        'run.starting',
        'run.started',
        'run.stopping',
        'run.ended',
      ]);
      expect((await task.status()).status).toBe('succeeded');
      await expectSoundLog(places);
    });

    it('is the same task when it is submitted twice with one key, and a conflict with other content', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
      const request = { prompt: 'once', workspace: places.workspace, key: 'k1' };
      const [first, second] = await Promise.all([plane.submit(request), plane.submit(request)]);
      expect(second.id).toBe(first.id);
      await first.outcome();
      expect((await plane.submit(request)).id).toBe(first.id);
      await expect(plane.submit({ ...request, prompt: 'other' })).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    it('takes a steer while it runs and shows how far it came', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [
          memoryRuntime({
            script: () => [{ do: 'say', text: 'working' }, { do: 'listen' }, { do: 'say', text: 'steered' }],
          }),
        ],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
      for await (const event of task.events()) if (event.type === 'message.completed') break;
      const receipt = await task.steer('the other way');
      await receipt.reached('observed');
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      const levels = (await eventsOf(plane, task.id))
        .filter((event) => event['instructionId'] === receipt.instructionId)
        .map(({ type }) => type);
      expect(levels).toEqual(
        ['queued', 'sending', 'accepted', 'delivered', 'observed'].map((level) => `instruction.${level}`),
      );
      await expect(task.steer('too late')).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    it('is cancelled by intent, for good, and only once', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'hang' }] })],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
      for await (const event of task.events()) if (event.type === 'text.delta') break;
      await Promise.all([task.cancel({ why: 'enough' }), task.cancel()]);
      expect(await task.outcome()).toEqual({ status: 'cancelled' });
      expectSoundStream(await eventsOf(plane, task.id));
      await expect(task.cancel()).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    it('is cancelled before it starts when its turn has not come', async () => {
      await using places = await makePlaces();
      const { fifo } = await import('../../src/index.ts');
      await using plane = await openPlane(places, {
        adapters: [memoryRuntime({ script: () => [{ do: 'hang' }] })],
        scheduler: fifo({ concurrency: 1 }),
      });
      const first = await plane.submit({ prompt: 'a', workspace: places.workspace, shareWorkspace: true });
      const second = await plane.submit({ prompt: 'b', workspace: places.workspace, shareWorkspace: true });
      for await (const event of first.events()) if (event.type === 'turn.started') break;
      expect((await second.status()).status).toBe('queued');
      await second.cancel();
      expect(await second.outcome()).toEqual({ status: 'cancelled' });
      expect(typesOf(await eventsOf(plane, second.id))).not.toContain('run.starting');
      await first.cancel();
      await first.outcome();
    });

    it('waits for an instruction after an interrupt, and goes on with it in the same session', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [
          memoryRuntime({
            script: ({ text }) =>
              text === 'go' ? [{ do: 'say', text: 'first' }, { do: 'hang' }] : [{ do: 'say', text: `then ${text}` }],
          }),
        ],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
      for await (const event of task.events()) if (event.type === 'message.completed') break;
      await task.interrupt();
      for await (const event of task.events()) if (event.type === 'turn.ended') break;
      await expect.poll(async () => (await task.status()).status).toBe('waiting');
      await task.followUp('carry on');
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      const events = await eventsOf(plane, task.id);
      expect(events.filter(({ type }) => type === 'run.starting')).toHaveLength(1);
      expect(events.filter(({ type }) => type === 'turn.started')).toHaveLength(2);
    });

    it('is kept open until it is closed', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [memoryRuntime({ script: ({ text }) => [{ do: 'say', text }] })],
      });
      const task = await plane.submit({ prompt: 'one', workspace: places.workspace, until: 'closed' });
      await expect.poll(async () => (await task.status()).status).toBe('waiting');
      const receipt = await task.followUp('two');
      await receipt.reached('observed');
      await expect.poll(async () => (await task.status()).status).toBe('waiting');
      await task.close();
      await task.close();
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
    });

    it('degrades to the next runtime, from the beginning, when the first cannot be had, and says so', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [
          memoryRuntime({ id: 'first', unavailable: { code: 'UNAVAILABLE', reason: 'not installed' } }),
          memoryRuntime({ id: 'second', capabilities: { steer: 'none' } }),
        ],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace, runtimes: ['first', 'second'] });
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      const events = await eventsOf(plane, task.id);
      expectSoundStream(events);
      expect(typesOf(events).slice(0, 5)).toEqual([
        'task.submitted',
        'runtime.rejected',
        'runtime.degraded',
        'attempt.scheduled',
        'run.starting',
      ]);
      expect(events.find(({ type }) => type === 'runtime.degraded')).toMatchObject({
        from: { runtime: 'first' },
        to: { runtime: 'second' },
        policy: 'from-scratch',
      });
    });

    it('refuses a runtime below its needs rather than using it unsafely, and fails with the reason', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [memoryRuntime({ capabilities: { steer: 'accepted' } })],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace, needs: { steer: 'delivered' } });
      expect(await task.outcome()).toMatchObject({
        status: 'failed',
        code: 'unmet_needs',
        message: expect.stringContaining('steer'),
      });
    });

    it('starts again when a start fails, with a new run each time', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [memoryRuntime({ faults: { start: { code: 'UNAVAILABLE', times: 2 } } })],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      const events = await eventsOf(plane, task.id);
      expectSoundStream(events);
      expect(new Set(events.filter(({ type }) => type === 'run.starting').map((event) => event['runId'])).size).toBe(3);
    });

    it('resumes the conversation when the agent dies in its turn', async () => {
      await using places = await makePlaces();
      let crashed = false;
      await using plane = await openPlane(places, {
        adapters: [
          memoryRuntime({
            script: ({ history }) => {
              if (crashed) return [{ do: 'say', text: `heard ${history.length}` }];
              crashed = true;
              return [{ do: 'say', text: 'begun' }, { do: 'vanish' }];
            },
          }),
        ],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      const events = await eventsOf(plane, task.id);
      expectSoundStream(events);
      expect(events.filter(({ type }) => type === 'run.starting').map((event) => event['mode'])).toEqual([
        'start',
        'resume',
      ]);
      expect(typesOf(events)).toContain('run.resumed');
    });

    it('asks before it starts over where the lost run may have left changes, and gives up when nobody answers', async () => {
      await using places = await makePlaces();
      const adapter = () =>
        memoryRuntime({
          capabilities: { resume: 'none' },
          script: () => [{ do: 'tool', name: 'write' }, { do: 'vanish' }],
        });
      await using plane = await openPlane(places, { adapters: [adapter()] });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace, recoveryTimeoutMs: 50 });
      expect(await task.outcome()).toMatchObject({ status: 'lost' });
      const asked = await plane.submit({
        prompt: 'go',
        workspace: places.workspace,
        retry: { ...retry, maxAttempts: 2 },
      });
      await expect
        .poll(async () => (await asked.status()).approvals.map(({ kind }) => kind), { timeout: 5000 })
        .toEqual(['recovery']);
      const [approval] = (await asked.status()).approvals;
      await asked.answer(approval!.id, { choice: 'restart' });
      expect(await asked.outcome()).toMatchObject({ status: 'lost' });
      expect(
        (await eventsOf(plane, asked.id)).filter(({ type }) => type === 'run.starting').map((event) => event['mode']),
      ).toEqual(['start', 'restart']);
    });

    it('puts an approval before whoever answers first, and denies it when its time is over', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [
          memoryRuntime({
            script: () => [
              { do: 'ask', title: 'May I?', answered: ({ choice }) => [{ do: 'say', text: `answer: ${choice}` }] },
            ],
          }),
        ],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
      await expect.poll(async () => (await task.status()).status).toBe('waiting');
      const [approval] = (await task.status()).approvals;
      await expect(task.answer(approval!.id, { choice: 'perhaps' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      await task.answer(approval!.id, { choice: 'allow' }, { by: 'me' });
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      expect((await eventsOf(plane, task.id)).find(({ type }) => type === 'message.completed')).toMatchObject({
        text: 'answer: allow',
      });

      const late = await plane.submit({ prompt: 'go', workspace: places.workspace, approvals: { timeoutMs: 40 } });
      expect(await late.outcome()).toEqual({ status: 'succeeded' });
      expect((await eventsOf(plane, late.id)).find(({ type }) => type === 'message.completed')).toMatchObject({
        text: 'answer: deny',
      });
    });

    it.each([
      ['deadlineMs', { status: 'timed_out', code: 'timeout' }],
      ['runTimeoutMs', { status: 'timed_out', code: 'timeout' }],
      ['idleTimeoutMs', { status: 'timed_out', code: 'timeout' }],
    ])('ends by its %s', async (clock, outcome) => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'hang' }] })],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace, [clock]: 150 });
      expect(await task.outcome()).toMatchObject(outcome);
      expectSoundStream(await eventsOf(plane, task.id));
    });

    it('is ended when it floods', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [
          memoryRuntime({
            script: () => [
              { do: 'say', text: 'x'.repeat(3000) },
              { do: 'say', text: 'y'.repeat(3000) },
              { do: 'hang' },
            ],
          }),
        ],
      });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace, maxOutputBytes: 4000 });
      expect(await task.outcome()).toMatchObject({ status: 'failed', code: 'output_limit' });
    });

    it.each([
      ['an empty prompt', { prompt: '   ' }, 'INVALID_ARGUMENT'],
      ['a 10 MB prompt', { prompt: 'x'.repeat(10_000_000) }, 'INVALID_ARGUMENT'],
      ['an unknown runtime', { prompt: 'x', runtimes: ['nope'] }, 'NOT_FOUND'],
      ['a missing workspace', { prompt: 'x', workspace: '/nowhere/at/all' }, 'INVALID_ARGUMENT'],
      ['an unknown field', { prompt: 'x', colour: 'red' }, 'INVALID_ARGUMENT'],
    ])('is not made of %s', async (_what, request, code) => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
      await expect(plane.submit({ workspace: places.workspace, ...request })).rejects.toMatchObject({ code });
      expect(await plane.tasks()).toEqual([]);
    });

    it('does not share its workspace unless both say so', async () => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, {
        adapters: [memoryRuntime({ script: ({ text }) => (text === 'a' ? [{ do: 'hang' }] : []) })],
      });
      const first = await plane.submit({ prompt: 'a', workspace: places.workspace });
      for await (const event of first.events()) if (event.type === 'turn.started') break;
      const second = await plane.submit({ prompt: 'b', workspace: places.workspace });
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await second.status()).status).toBe('queued');
      await first.cancel();
      expect(await second.outcome()).toEqual({ status: 'succeeded' });
    });
  });
}
