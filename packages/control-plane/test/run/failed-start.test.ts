import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { errorCodeSchema, type ErrorCode } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { startFaults } from '../../src/runtimes/start-faults.ts';
import { eventsOf, makePlaces, openPlane, retry, typesOf } from '../support/planes.ts';
import { readTable } from '../support/tables.ts';

const codesOf = (fault: 'task' | 'runtime' | 'neither'): ErrorCode[] =>
  errorCodeSchema.options.filter((code) => startFaults[code] === fault);

async function failAlways(code: ErrorCode) {
  const places = await makePlaces();
  const plane = await openPlane(places, { adapters: [memoryRuntime({ faults: { start: { code, times: 3 } } })] });
  return {
    plane,
    run: async () => {
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
      const outcome = await task.outcome();
      const starts = typesOf(await eventsOf(plane, task.id)).filter((type) => type === 'run.starting');
      return { outcome, starts: starts.length };
    },
    [Symbol.asyncDispose]: async () => {
      await plane.close();
      await places[Symbol.asyncDispose]();
    },
  };
}

describe('a start that fails', () => {
  it.each(codesOf('task'))("with %s is the task's fault: not repeated, and nobody else is held up", async (code) => {
    await using failing = await failAlways(code);
    for (let count = 0; count < 3; count += 1) {
      const { outcome, starts } = await failing.run();
      const named = { UNSUPPORTED: 'unmet_needs', UNAUTHENTICATED: 'auth' } as Partial<Record<ErrorCode, string>>;
      expect(outcome).toMatchObject({ status: 'failed', code: named[code] ?? 'invalid_request' });
      expect(starts).toBe(1);
    }
    expect(await failing.plane.runtimes()).toMatchObject([{ breaker: 'closed' }]);
    expect(await failing.run()).toEqual({ outcome: { status: 'succeeded' }, starts: 1 });
  });

  it.each(codesOf('runtime'))("with %s is the runtime's fault, and its breaker counts it", async (code) => {
    await using failing = await failAlways(code);
    await failing.run();
    const events: string[] = [];
    for await (const event of failing.plane.events({ follow: false }))
      if (event.stream === 'runtime/memory') events.push(event.type);
    expect(events).toContain('start.failed');
  });

  it.each<[ErrorCode, string]>([
    ['INVALID_ARGUMENT', 'instruction.declined'],
    ['UNAVAILABLE', 'instruction.declined'],
    ['OUTCOME_UNKNOWN', 'instruction.unknown'],
  ])('with %s, and the prompt in the launch, makes of the prompt: %s', async (code, type) => {
    await using places = await makePlaces();
    const faults = { start: { code, times: 9 } };
    const adapter = memoryRuntime({ faults, capabilities: { firstInstruction: 'launch' } });
    await using plane = await openPlane(places, { adapters: [adapter] });
    const once = { ...retry, maxAttempts: 1 };
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry: once });
    await task.outcome();
    const types = typesOf(await eventsOf(plane, task.id));
    expect(types).toContain('instruction.sending');
    expect(types.filter((each) => /^instruction\.(declined|unknown)$/.test(each))).toEqual([type]);
  });

  it('is written down with whose fault each code is', async () => {
    const page = await readFile(fileURLToPath(new URL('../../../../docs/errors.md', import.meta.url)), 'utf8');
    const written = Object.fromEntries(
      readTable(page, 'Whose fault a failed start is').flatMap(([codes = '', fault = '']) =>
        codes.split(',').map((code) => [code.replaceAll('`', '').trim(), fault.split(':')[0]?.trim()]),
      ),
    );
    expect(written).toEqual(startFaults);
  });
});
