import { expect } from 'vitest';
import { refusal, type Bench, type Play } from '../stage.ts';
import { turnFault } from '../event-checks.ts';
import type { ScenarioName } from '../scenarios.ts';
import { spoken, type Tape } from '../tape.ts';
import { verifies, type Case } from '../verifies.ts';
import type { RuntimeSession } from '@runtime/contracts/adapter';

async function running(
  bench: Bench,
  scenario: ScenarioName,
  words: string,
): Promise<{ play: Play; session: RuntimeSession; tape: Tape }> {
  const play = await bench.play(scenario);
  const session = await bench.begin(play);
  const tape = bench.record(session);
  await tape.until(`"${words}"`, (events) => spoken(events, play.capabilities).includes(words));
  return { play, session, tape };
}

/** The session of a run that was reaped: its exit may have been seen or not. */
async function recoveredOver(bench: Bench, play: Play): Promise<RuntimeSession> {
  const recovery = await bench.recover(play);
  if (recovery.status === 'ended' || recovery.status === 'dead') return recovery.session;
  throw new Error(`a reaped run is ${recovery.status}`);
}

export const endingCases: readonly Case[] = [
  verifies('exit.code', async (bench) => {
    const play = await bench.play('exitCode');
    const { tape, exit } = await bench.playToEnd(play);
    expect(exit).toEqual({ kind: 'exited', code: 7 });
    const ended = tape.events.findLast((event) => event.type === 'turn.ended');
    expect(ended?.outcome.status).not.toBe('succeeded');
  }),
  verifies('exit.signal', async (bench) => {
    const play = await bench.play('crash');
    const { tape, exit } = await bench.playToEnd(play);
    expect(exit).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    expect(spoken(tape.events, play.capabilities)).toContain('last words');
    expect(tape.events.findLast((event) => event.type === 'turn.ended')?.outcome.status).toBe('failed');
  }),
  verifies('stop.ends', async (bench) => {
    const { session, tape, play } = await running(bench, 'gate', 'before');
    const [first, second] = await Promise.all([session.stop(), session.stop()]);
    await tape.end();
    expect(second).toEqual(first);
    expect(first.kind).not.toBe('unknown');
    expect(turnFault(tape.events)).toBeUndefined();
    expect(await bench.countProcesses(play.handle)).toBe(0);
    expect(await session.stop({ graceMs: 60_000 })).toEqual(first);
    expect(await (await bench.recovered(play, 'ended')).stop()).toEqual(first);
  }),
  verifies('stop.grace', async (bench) => {
    const { session, tape, play } = await running(bench, 'ignoresTerm', 'ready');
    const before = performance.now();
    const exit = await session.stop({ graceMs: 300 });
    expect(performance.now() - before, 'ms until it was killed').toBeGreaterThanOrEqual(290);
    expect(exit).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    expect(await bench.countProcesses(play.handle)).toBe(0);
    await tape.end();
  }),
  verifies('stop.tree', async (bench) => {
    const { session, tape, play } = await running(bench, 'leavesChildren', 'ready');
    expect(await bench.countProcesses(play.handle), 'processes before the stop').toBeGreaterThanOrEqual(3);
    await session.stop({ graceMs: 300 });
    expect(await bench.countProcesses(play.handle), 'processes left').toBe(0);
    await tape.end();
  }),
  verifies('stop.aborted', async (bench) => {
    const { session, tape, play } = await running(bench, 'ignoresTerm', 'ready');
    const waiting = session.stop({ graceMs: 300, signal: AbortSignal.timeout(20) });
    expect(['CANCELLED', 'DEADLINE_EXCEEDED']).toContain(await refusal(waiting));
    await tape.end();
    await bench.eventually('the agent is gone', async () => (await bench.countProcesses(play.handle)) === 0);
    expect(await session.stop()).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
  }),
  verifies('dispose.lets-go', async (bench) => {
    const { session, tape, play } = await running(bench, 'gate', 'before');
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await tape.end();
    expect(await bench.countProcesses(play.handle), 'processes after the disposal').toBeGreaterThan(0);
  }),
  verifies('reap.tree', async (bench) => {
    const other = await running(bench, 'gate', 'before');
    const { session, play } = await running(bench, 'leavesChildren', 'ready');
    await session[Symbol.asyncDispose]();
    const { adapter } = await bench.make(play.context);
    await adapter.reap(play.handle);
    expect(await bench.countProcesses(play.handle), 'processes left').toBe(0);
    expect(['ended', 'dead']).toContain((await bench.recover(play)).status);
    expect(await bench.countProcesses(other.play.handle), 'processes of another run').toBeGreaterThan(0);
  }),
  verifies('reap.repeatable', async (bench) => {
    const never = await bench.play('hello');
    await never.adapter.reap(never.handle);
    await never.adapter.reap(never.handle);
    const { play, tape } = await running(bench, 'gate', 'before');
    await play.adapter.reap(play.handle);
    await play.adapter.reap(play.handle);
    expect(await bench.countProcesses(play.handle)).toBe(0);
    await tape.end();
    const again = bench.record(await recoveredOver(bench, play));
    await again.end();
    expect(spoken(again.events, play.capabilities), 'what it said is still there').toContain('before');
  }),
];
