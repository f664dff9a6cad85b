import { expect } from 'vitest';
import { refusal, type Stage, type Play } from '../stage.ts';
import { startElsewhere } from '../start-elsewhere.ts';
import { canonical, spoken, type Tape } from '../tape.ts';
import { doesNotApply } from '../not-applicable.ts';
import { verifies, type Case } from '../verifies.ts';

/** Recovers the run as another owner would: it must be live, continue after what the first owner read, and end. */
async function expectTakeover(stage: Stage, play: Play, read: Tape | undefined): Promise<void> {
  const session = await stage.recovered(play, 'live');
  const rest = stage.record(session, read?.lastCursor);
  await stage.openGate(play);
  await rest.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
  const exit = await session.stop({ graceMs: 500 });
  await rest.end();
  expect(exit.kind).not.toBe('unknown');
  const together = [...(read?.events ?? []), ...rest.events];
  const text = spoken(together, play.capabilities);
  expect(text.split('before').length - 1, 'times it said before').toBe(1);
  expect(text.split('after').length - 1, 'times it said after').toBe(1);
  const whole = stage.record(await stage.recovered(play, 'ended'));
  await whole.end();
  expect(canonical(together), 'what the two owners read together').toEqual(canonical(whole.events));
  expect(await stage.countProcesses(play.handle)).toBe(0);
}

export const recoveryCases: readonly Case[] = [
  verifies('recover.live', async (stage) => {
    const play = await stage.play('gate');
    const session = await stage.begin(play);
    const tape = stage.record(session);
    await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
    await tape.stopReading();
    await session[Symbol.asyncDispose]();
    if (play.capabilities.reattach) return expectTakeover(stage, play, tape);
    expect((await stage.recover(play)).status, 'live without the capability').not.toBe('live');
  }),
  verifies('recover.after-kill', async (stage) => {
    const { module } = stage.harness;
    const play = await stage.play('gate');
    if (!play.capabilities.reattach) doesNotApply('it does not reattach');
    if (module === undefined) doesNotApply('the harness names no module that another process can import');
    await startElsewhere(module, play, stage.patienceMs);
    await expectTakeover(stage, play, undefined);
  }),
  verifies('recover.ended', async (stage) => {
    const play = await stage.play('exitCode');
    const { tape } = await stage.playToEnd(play);
    const session = await stage.recovered(play, 'ended');
    const whole = stage.record(session);
    await whole.end();
    expect(canonical(whole.events)).toEqual(canonical(tape.events));
    expect(await session.stop()).toEqual({ kind: 'exited', code: 7 });
  }),
  verifies('recover.dead', async (stage) => {
    const play = await stage.play('gate');
    const session = await stage.begin(play);
    const tape = stage.record(session);
    await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
    await stage.vanish(play.handle);
    const found = await stage.recovered(play, 'dead');
    const rest = stage.record(found);
    await rest.end();
    expect(spoken(rest.events, play.capabilities)).toContain('before');
    expect((await found.stop()).kind).toBe('unknown');
    await tape.end();
    expect((await session.stop()).kind, 'for the session that saw it live').toBe('unknown');
  }),
  verifies('recover.absent', async (stage) => {
    const play = await stage.play('hello');
    expect((await stage.recover(play)).status).toBe('absent');
    expect((await stage.recover(play)).status, 'the second time').toBe('absent');
    expect(await refusal(play.adapter.start(play.launch)), 'a late start').toBe('CONFLICT');
    expect(await stage.countProcesses(play.handle)).toBe(0);
  }),
];
