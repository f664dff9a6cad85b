import { readFile } from 'node:fs/promises';
import { isAlive, readIdentity, signalProcess } from '@runtime/adapter-kit/process';
import { expect } from 'vitest';
import { refusal, type Stage, type Play } from '../stage.ts';
import { turnFault } from '../event-checks.ts';
import { hugeChars, type ScenarioName } from '../scenarios.ts';
import { spoken, type Tape } from '../tape.ts';
import { verifies, type Case } from '../verifies.ts';
import type { RuntimeSession } from '@runtime/contracts/adapter';

/** Starts the scenario and waits until the agent has said these words. */
async function playUntilSaid(
  stage: Stage,
  scenario: ScenarioName,
  words: string,
): Promise<{ play: Play; session: RuntimeSession; tape: Tape }> {
  const play = await stage.play(scenario);
  const session = await stage.begin(play);
  const tape = stage.record(session);
  await tape.until(`"${words}"`, (events) => spoken(events, play.capabilities).includes(words));
  return { play, session, tape };
}

/** Recovers a reaped run: `ended` when its exit was observed, else `dead`. */
async function recoverReaped(stage: Stage, play: Play): Promise<RuntimeSession> {
  const recovery = await stage.recover(play);
  if (recovery.status === 'ended' || recovery.status === 'dead') return recovery.session;
  throw new Error(`a reaped run is ${recovery.status}`);
}

export const endingCases: readonly Case[] = [
  verifies('exit.code', async (stage) => {
    const play = await stage.play('exitCode');
    const { tape, exit } = await stage.playToEnd(play);
    expect(exit).toEqual({ kind: 'exited', code: 7 });
    const ended = tape.events.findLast((event) => event.type === 'turn.ended');
    expect(ended?.outcome.status).not.toBe('succeeded');
  }),
  verifies('exit.signal', async (stage) => {
    const play = await stage.play('crash');
    const { tape, exit } = await stage.playToEnd(play);
    expect(exit).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    expect(spoken(tape.events, play.capabilities)).toContain('last words');
    const ended = tape.events.findLast((event) => event.type === 'turn.ended');
    expect(ended?.outcome).toMatchObject({ status: 'failed', code: 'killed' });
  }),
  verifies('stop.ends', async (stage) => {
    const { session, tape, play } = await playUntilSaid(stage, 'gate', 'before');
    const [first, second] = await Promise.all([session.stop(), session.stop()]);
    await tape.end();
    expect(second).toEqual(first);
    expect(first.kind).not.toBe('unknown');
    expect(turnFault(tape.events)).toBeUndefined();
    expect(await stage.countProcesses(play.handle)).toBe(0);
    expect(await session.stop({ graceMs: 60_000 })).toEqual(first);
    expect(await (await stage.recovered(play, 'ended')).stop()).toEqual(first);
  }),
  verifies('stop.grace', async (stage) => {
    const { session, tape, play } = await playUntilSaid(stage, 'ignoresTerm', 'ready');
    const before = performance.now();
    const exit = await session.stop({ graceMs: 300 });
    expect(performance.now() - before, 'ms until it was killed').toBeGreaterThanOrEqual(290);
    expect(exit).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    expect(await stage.countProcesses(play.handle)).toBe(0);
    await tape.end();
  }),
  verifies('stop.tree', async (stage) => {
    const { session, tape, play } = await playUntilSaid(stage, 'leavesChildren', 'ready');
    expect(await stage.countProcesses(play.handle), 'processes before the stop').toBeGreaterThanOrEqual(3);
    await session.stop({ graceMs: 300 });
    expect(await stage.countProcesses(play.handle), 'processes left').toBe(0);
    await tape.end();
  }),
  verifies('ends.env-cleared-children', async (stage) => {
    const { session, tape, play } = await playUntilSaid(stage, 'clearsEnvironment', 'ready');
    const child = await readIdentity(Number(await readFile(play.context.child, 'utf8')));
    if (!child) throw new Error('the agent says that it has a child, and there is none');
    try {
      await session.stop({ graceMs: 300 });
      expect(await isAlive(child), 'the child lives on').toBe(false);
      await tape.end();
    } finally {
      await signalProcess(child, 'SIGKILL');
    }
  }),
  verifies('output.disk-cap', async (stage) => {
    const play = await stage.play('floods', { maxOutputBytes: hugeChars / 2 });
    const session = await stage.begin(play);
    const tape = stage.record(session);
    await tape.end();
    expect(turnFault(tape.events)).toBeUndefined();
    const ended = tape.events.findLast((event) => event.type === 'turn.ended');
    expect(['failed', 'lost']).toContain(ended?.outcome.status);
    await session.stop({ graceMs: 300 });
    expect(await stage.countProcesses(play.handle)).toBe(0);
  }),
  verifies('stop.aborted', async (stage) => {
    const { session, tape, play } = await playUntilSaid(stage, 'ignoresTerm', 'ready');
    const waiting = session.stop({ graceMs: 300, signal: AbortSignal.timeout(20) });
    expect(['CANCELLED', 'DEADLINE_EXCEEDED']).toContain(await refusal(waiting));
    await tape.end();
    await stage.eventually('the agent is gone', async () => (await stage.countProcesses(play.handle)) === 0);
    expect(await session.stop()).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
  }),
  verifies('dispose.lets-go', async (stage) => {
    const { session, tape, play } = await playUntilSaid(stage, 'gate', 'before');
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await tape.end();
    expect(await stage.countProcesses(play.handle), 'processes after the disposal').toBeGreaterThan(0);
  }),
  verifies('reap.tree', async (stage) => {
    const other = await playUntilSaid(stage, 'gate', 'before');
    const { session, play } = await playUntilSaid(stage, 'leavesChildren', 'ready');
    await session[Symbol.asyncDispose]();
    const { adapter } = await stage.makeSetup(play.context);
    await adapter.reap(play.handle);
    expect(await stage.countProcesses(play.handle), 'processes left').toBe(0);
    expect(['ended', 'dead']).toContain((await stage.recover(play)).status);
    expect(await stage.countProcesses(other.play.handle), 'processes of another run').toBeGreaterThan(0);
  }),
  verifies('reap.repeatable', async (stage) => {
    const never = await stage.play('hello');
    await never.adapter.reap(never.handle);
    await never.adapter.reap(never.handle);
    const { play, tape } = await playUntilSaid(stage, 'gate', 'before');
    await play.adapter.reap(play.handle);
    await play.adapter.reap(play.handle);
    expect(await stage.countProcesses(play.handle)).toBe(0);
    await tape.end();
    const replay = stage.record(await recoverReaped(stage, play));
    await replay.end();
    expect(spoken(replay.events, play.capabilities), 'what it said is still there').toContain('before');
  }),
];
