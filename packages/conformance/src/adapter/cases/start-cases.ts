import { runMarker, type RuntimeSession } from '@runtime/contracts/adapter';
import { expect } from 'vitest';
import { probeAvailable, refusal } from '../stage.ts';
import { makeInstruction } from '../handles.ts';
import { spoken } from '../tape.ts';
import { verifies, type Case } from '../verifies.ts';

/** Text that a shell, a terminal, a template or a line protocol could change. */
const awkward =
  '\n#(touch x) $(touch x) `touch x` "quoted" \'single\' \\ \\n %s {prompt} {workspace} ; & | é 漢 😀 \u2028 end\t.';

export const startCases: readonly Case[] = [
  verifies('start.once', async (stage) => {
    const play = await stage.play('gate');
    const { adapter: other } = await stage.makeSetup(play.context);
    const results = await Promise.allSettled([play.adapter.start(play.launch), other.start(play.launch)]);
    const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(started.length, 'starts that went through').toBe(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(await refusal(Promise.reject(result.reason as Error))).toBe('CONFLICT');
    }
    // A start resolves before all of the agent's own children exist; an agent that speaks has all of them.
    if (play.capabilities.firstInstruction === 'launch' && started[0]) {
      const tape = stage.record(started[0]);
      await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
    }
    const count = await stage.countProcesses(play.handle);
    expect(await refusal(other.start(play.launch))).toBe('CONFLICT');
    expect(await stage.countProcesses(play.handle), 'processes after a refused start').toBeLessThanOrEqual(count);
    await started[0]?.stop({ graceMs: 500 });
    expect(await refusal(play.adapter.start(play.launch)), 'a start after the end').toBe('CONFLICT');
    expect(await stage.countProcesses(play.handle)).toBe(0);
  }),
  verifies('start.aborted', async (stage) => {
    const play = await stage.play('gate');
    expect(await refusal(play.adapter.start(play.launch, { signal: AbortSignal.abort() }))).toBe('CANCELLED');
    await play.adapter.reap(play.handle);
    expect(await stage.countProcesses(play.handle)).toBe(0);
  }),
  verifies('start.aborted-midway', async (stage) => {
    for (const ms of [0, 2, 10, 40]) {
      const play = await stage.play('gate');
      const abort = new AbortController();
      setTimeout(() => abort.abort(), ms);
      let session: RuntimeSession | undefined;
      try {
        session = await play.adapter.start(play.launch, { signal: abort.signal });
      } catch (error) {
        expect(await refusal(Promise.reject(error as Error))).toBe('CANCELLED');
      }
      if (session) await session.stop({ graceMs: 500 });
      expect(await stage.countProcesses(play.handle), `processes after an abort at ${ms} ms`).toBe(0);
    }
  }),
  verifies('start.instruction', async (stage) => {
    const first = await stage.play('hello');
    const text = (first.setup.prompt ?? 'Do what the scenario says.') + awkward;
    const play = await stage.playIn(first.context, { instruction: makeInstruction(text) });
    await stage.playToEnd(play);
    const { instructions } = await stage.witness(play);
    expect(instructions).toEqual([text]);
  }),
  verifies('start.environment', async (stage) => {
    const leak = 'CONFORMANCE_LEAK';
    process.env[leak] = 'of the host';
    try {
      const play = await stage.play('hello', { env: { CONFORMANCE_GIVEN: 'a value = with $signs "and" more' } });
      await stage.playToEnd(play);
      const { env } = await stage.witness(play);
      expect(env).toMatchObject({ ...play.launch.env, [runMarker]: play.handle.runId });
      expect(env?.[leak]).toBeUndefined();
    } finally {
      delete process.env[leak];
    }
  }),
  verifies('session.final', async (stage) => {
    const play = await stage.play('hello');
    const before = (await probeAvailable(play.adapter)).capabilities;
    const session = await stage.begin(play);
    const handedOut = structuredClone(session.capabilities);
    const tape = stage.record(session);
    await tape.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    expect(spoken(tape.events, session.capabilities)).toContain('hello, world');
    await session.stop({ graceMs: 500 });
    expect(session.capabilities).toEqual(handedOut);
    expect(session.capabilities).toEqual(before);
  }),
];
