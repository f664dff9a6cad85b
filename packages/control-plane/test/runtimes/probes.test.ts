import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError, type ErrorCode } from '@runtime/contracts';
import type { AgentRuntime, RuntimeAdapter, Unavailable } from '@runtime/contracts/adapter';
import { describe, expect, inject, it } from 'vitest';
import { Adapters } from '../../src/runtimes/adapters.ts';
import { Probes } from '../../src/runtimes/probes.ts';

const available: AgentRuntime = await (async () => {
  const found = await memoryRuntime().probe();
  if (found.status !== 'available') throw new Error('the runtime in memory is always there');
  return found;
})();
const unavailable = (code: ErrorCode, reason = 'it said so'): Unavailable => ({
  status: 'unavailable',
  id: 'memory',
  code,
  reason,
});

/** One answer for each time it is asked; the last one is repeated. */
function answering(...answers: (() => Promise<AgentRuntime | Unavailable>)[]) {
  let asked = 0;
  let now = 1_000_000;
  const probe: RuntimeAdapter['probe'] = (call) => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (!answer) throw new Error('no answer');
    const aborted = new Promise<never>((_, reject) => {
      call?.signal?.addEventListener('abort', () => reject(call.signal?.reason as Error));
    });
    return Promise.race([answer(), aborted]);
  };
  const adapters = new Adapters([{ ...memoryRuntime(), probe }]);
  const closing = new AbortController();
  const probes = new Probes(adapters, () => now, closing.signal, { timeoutMs: 30, patienceMs: 5 });
  return {
    probes,
    closing,
    asked: () => asked,
    pass: (ms: number) => {
      now += ms;
    },
  };
}
const says = (found: AgentRuntime | Unavailable) => async () => found;
const silence = () => new Promise<never>(() => undefined);

describe('a runtime that did not answer', () => {
  it.each(['DEADLINE_EXCEEDED', 'EXHAUSTED', 'OUTCOME_UNKNOWN'] as const)(
    'with %s is asked again before anything is concluded',
    async (code) => {
      const { probes, asked } = answering(says(unavailable(code)), says(available));
      expect(await probes.get({ id: 'memory' })).toEqual(available);
      expect(asked()).toBe(2);
    },
  );

  it('at all is asked again, each time with more patience', async () => {
    const { probes, asked } = answering(silence, silence, says(available));
    expect(await probes.get({ id: 'memory' })).toEqual(available);
    expect(asked()).toBe(3);
  });

  it('is unavailable after the third time, and the message says what happened', async () => {
    const reason = '/usr/bin/pi --version did not end within 15000 ms';
    const { probes, asked } = answering(says(unavailable('DEADLINE_EXCEEDED', reason)));
    const found = await probes.get({ id: 'memory' });
    expect(found).toMatchObject({ status: 'unavailable', code: 'DEADLINE_EXCEEDED' });
    expect(found).toMatchObject({
      reason: expect.stringMatching(/did not answer.* 3 times.*pi --version did not end/),
    });
    expect(asked()).toBe(3);
    const silent = await answering(silence).probes.get({ id: 'memory' });
    expect(silent).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      reason: expect.stringContaining('30 ms, 60 ms and 90 ms'),
    });
    expect(silent).toMatchObject({ hint: expect.stringContaining('load') });
  });

  it('is asked once more when its probe throws that it took too long', async () => {
    const late = () => Promise.reject(new AgentRuntimeError('DEADLINE_EXCEEDED', 'slow'));
    const { probes } = answering(late, says(available));
    expect(await probes.get({ id: 'memory' })).toEqual(available);
  });
});

it.each(['NOT_FOUND', 'PERMISSION_DENIED', 'UNSUPPORTED', 'UNAVAILABLE'] as const)(
  'a runtime that is not there (%s) is believed at once',
  async (code) => {
    const { probes, asked } = answering(says(unavailable(code)), says(available));
    expect(await probes.get({ id: 'memory' })).toEqual(unavailable(code));
    expect(asked()).toBe(1);
  },
);

describe('a runtime that was found before', () => {
  it('is used while it is asked again and does not answer, and after it did not', async () => {
    const { probes, asked, pass } = answering(says(available), silence);
    await probes.get({ id: 'memory' });
    pass(61_000);
    expect(await probes.get({ id: 'memory' })).toEqual(available);
    await expect.poll(asked, { timeout: 20_000 * inject('slowness') }).toBe(4);
    expect(await probes.get({ id: 'memory' })).toEqual(available);
  });

  it('is not used any more once it is known to be gone', async () => {
    const { probes, pass } = answering(says(available), says(unavailable('NOT_FOUND')));
    await probes.get({ id: 'memory' });
    pass(61_000);
    await probes.get({ id: 'memory' });
    expect(await probes.get({ id: 'memory' })).toEqual(unavailable('NOT_FOUND'));
  });

  it('is not used for ever', async () => {
    const { probes, pass } = answering(says(available), says(unavailable('DEADLINE_EXCEEDED')));
    await probes.get({ id: 'memory' });
    pass(601_000);
    expect(await probes.get({ id: 'memory' })).toMatchObject({ status: 'unavailable' });
  });

  it('is shown as it is to somebody who wants it fresh', async () => {
    const { probes } = answering(says(available), says(unavailable('DEADLINE_EXCEEDED')));
    await probes.get({ id: 'memory' });
    expect(await probes.get({ id: 'memory' }, { refresh: true })).toMatchObject({ status: 'unavailable' });
    expect(await probes.get({ id: 'memory' })).toEqual(available);
  });
});

it('a plane that closes does not ask again', async () => {
  const { probes, closing, asked } = answering(silence);
  const found = probes.get({ id: 'memory' });
  closing.abort();
  expect(await found).toMatchObject({ status: 'unavailable' });
  expect(asked()).toBe(1);
});
