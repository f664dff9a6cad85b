import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { eventsOf, expectSoundStream, retry, typesOf, makePlaces, type OpenPlane } from '../planes.ts';

export function attemptCases(openPlane: OpenPlane): void {
  it('a task degrades to the next runtime, from the beginning, when the first is unavailable, and records it', async () => {
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

  it('a task that no runtime meets the needs of is refused with the reason', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ capabilities: { steer: 'accepted' } })],
    });
    const submitting = plane.submit({ prompt: 'go', workspace: places.workspace, needs: { steer: 'delivered' } });
    await expect(submitting).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('steer'),
    });
  });

  it('a task goes past a runtime below its needs, and the log says why', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ id: 'first', capabilities: { steer: 'accepted' } }), memoryRuntime({ id: 'second' })],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, needs: { steer: 'delivered' } });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const rejected = (await eventsOf(plane, task.id)).find(({ type }) => type === 'runtime.rejected');
    expect(rejected).toMatchObject({ code: 'UNSUPPORTED', reason: expect.stringContaining('steer') });
  });

  it('a task that meets a rate limit goes on in its conversation, and what a tool did is not done again', async () => {
    await using places = await makePlaces();
    let effects = 0;
    const outcome = { status: 'failed', code: 'rate_limit', message: '429 slow down' } as const;
    const runtime = memoryRuntime({
      script: function* ({ history }) {
        if (history.some(({ from, text }) => from === 'agent' && text === 'it is done')) {
          yield { do: 'say', text: 'and that is all' };
          return;
        }
        effects += 1;
        yield { do: 'tool', name: 'deploy', output: 'ok' };
        yield { do: 'say', text: 'it is done' };
        yield { do: 'end', outcome };
      },
    });
    await using plane = await openPlane(places, { adapters: [runtime, memoryRuntime({ id: 'second' })] });
    const patient = { ...retry, rateLimitDelayMs: 20 };
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry: patient });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(effects).toBe(1);
    expect((await task.status()).runs.map(({ runtime: id, mode }) => [id, mode])).toEqual([
      ['memory', 'start'],
      ['memory', 'resume'],
    ]);
  });

  it('a task keeps its first runtime although that did not answer at once', async () => {
    await using places = await makePlaces();
    const first = memoryRuntime({ id: 'first' });
    let asked = 0;
    const slowOnce: typeof first.probe = async (call) => {
      asked += 1;
      if (asked > 1) return first.probe(call);
      return { status: 'unavailable', id: 'first', code: 'DEADLINE_EXCEEDED', reason: 'it took too long' };
    };
    await using plane = await openPlane(places, {
      adapters: [{ ...first, probe: slowOnce }, memoryRuntime({ id: 'second' })],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const events = await eventsOf(plane, task.id);
    expect(typesOf(events)).not.toContain('runtime.rejected');
    expect(events.find(({ type }) => type === 'run.starting')).toMatchObject({ target: { runtime: 'first' } });
  });

  it('a task starts again when a start fails, with a new run each time', async () => {
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

  it('a task resumes the conversation when the agent dies in its turn', async () => {
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
}
