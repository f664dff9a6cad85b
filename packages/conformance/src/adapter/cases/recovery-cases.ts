import { expect } from 'vitest';
import { refusal, type Bench, type Play } from '../stage.ts';
import { startElsewhere } from '../start-elsewhere.ts';
import { canonical, spoken, type Tape } from '../tape.ts';
import { doesNotApply } from '../not-applicable.ts';
import { verifies, type Case } from '../verifies.ts';

/** The run as another owner finds it: it must be live and go on after what the first one read, then end. */
async function goesOn(bench: Bench, play: Play, read: Tape | undefined): Promise<void> {
  const session = await bench.recovered(play, 'live');
  const rest = bench.record(session, read?.lastCursor);
  await bench.openGate(play);
  await rest.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
  const exit = await session.stop({ graceMs: 500 });
  await rest.end();
  expect(exit.kind).not.toBe('unknown');
  const told = [...(read?.events ?? []), ...rest.events];
  const text = spoken(told, play.capabilities);
  expect(text.split('before').length - 1, 'times it said before').toBe(1);
  expect(text.split('after').length - 1, 'times it said after').toBe(1);
  const whole = bench.record(await bench.recovered(play, 'ended'));
  await whole.end();
  expect(canonical(told), 'what the two owners read together').toEqual(canonical(whole.events));
  expect(await bench.countProcesses(play.handle)).toBe(0);
}

export const recoveryCases: readonly Case[] = [
  verifies('recover.live', async (bench) => {
    const play = await bench.play('gate');
    const session = await bench.begin(play);
    const tape = bench.record(session);
    await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
    await tape.letGo();
    await session[Symbol.asyncDispose]();
    if (play.capabilities.reattach) return goesOn(bench, play, tape);
    expect((await bench.recover(play)).status, 'live without the capability').not.toBe('live');
  }),
  verifies('recover.after-kill', async (bench) => {
    const { module } = bench.harness;
    const play = await bench.play('gate');
    if (!play.capabilities.reattach) doesNotApply('it does not reattach');
    if (module === undefined) doesNotApply('the harness names no module that another process can import');
    await startElsewhere(module, play, bench.patienceMs);
    await goesOn(bench, play, undefined);
  }),
  verifies('recover.ended', async (bench) => {
    const play = await bench.play('exitCode');
    const { tape } = await bench.playToEnd(play);
    const session = await bench.recovered(play, 'ended');
    const whole = bench.record(session);
    await whole.end();
    expect(canonical(whole.events)).toEqual(canonical(tape.events));
    expect(await session.stop()).toEqual({ kind: 'exited', code: 7 });
  }),
  verifies('recover.dead', async (bench) => {
    const play = await bench.play('gate');
    const session = await bench.begin(play);
    const tape = bench.record(session);
    await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
    await bench.vanish(play.handle);
    const found = await bench.recovered(play, 'dead');
    const rest = bench.record(found);
    await rest.end();
    expect(spoken(rest.events, play.capabilities)).toContain('before');
    expect((await found.stop()).kind).toBe('unknown');
    await tape.end();
    expect((await session.stop()).kind, 'for the session that saw it live').toBe('unknown');
  }),
  verifies('recover.absent', async (bench) => {
    const play = await bench.play('hello');
    expect((await bench.recover(play)).status).toBe('absent');
    expect((await bench.recover(play)).status, 'the second time').toBe('absent');
    expect(await refusal(play.adapter.start(play.launch)), 'a late start').toBe('CONFLICT');
    expect(await bench.countProcesses(play.handle)).toBe(0);
  }),
];
