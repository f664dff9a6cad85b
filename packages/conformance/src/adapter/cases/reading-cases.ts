import { expect } from 'vitest';
import { endingScenarios, refusal, type Stage } from '../stage.ts';
import type { ScenarioName } from '../scenarios.ts';
import { canonical, spoken } from '../tape.ts';
import { verifies, type Case } from '../verifies.ts';

/** The scenarios to replay: they differ in the state that an adapter has to rebuild. */
const replayed: readonly ScenarioName[] = ['hello', 'tool', 'unicode', 'malformed', 'crash'];
/** At most this many cursors of a source are tried, evenly spread. */
const maxCursors = 40;

async function replayEverywhere(stage: Stage, scenario: ScenarioName): Promise<void> {
  const play = await stage.play(scenario);
  const { session, tape } = await stage.playToEnd(play);
  const replay = stage.record(session);
  await replay.end();
  expect(canonical(replay.events), `${scenario} read again`).toEqual(canonical(tape.events));
  const recovered = await stage.recovered(play, 'ended');
  const step = Math.max(1, Math.floor(tape.batches.length / maxCursors));
  for (let index = 0; index < tape.batches.length; index += step) {
    const rest = stage.record(recovered, tape.batches[index]?.cursor);
    await rest.end();
    const expected = tape.batches.slice(index + 1).flatMap((batch) => batch.events);
    const where = `${scenario} after batch ${index} (${tape.batches[index]?.cursor})`;
    expect(canonical(rest.events), where).toEqual(canonical(expected));
  }
}

export const readingCases: readonly Case[] = [
  verifies('events.replay', async (stage) => {
    const { capabilities } = await stage.play('hello');
    for (const scenario of endingScenarios(capabilities, stage.harness)) {
      if (replayed.includes(scenario)) await replayEverywhere(stage, scenario);
    }
  }),
  verifies('events.one-reader', async (stage) => {
    const play = await stage.play('gate');
    const session = await stage.begin(play);
    const tape = stage.record(session);
    await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
    const second = (async () => {
      for await (const _ of session.events()) break;
    })();
    expect(await refusal(second)).toBe('CONFLICT');
    await tape.stopReading();
    for await (const _ of session.events()) break;
    const third = stage.record(session);
    await third.until('the first words again', (events) => spoken(events, play.capabilities).includes('before'));
    await session.stop({ graceMs: 500 });
    await third.end();
  }),
  verifies('events.aborted', async (stage) => {
    const play = await stage.play('gate');
    const session = await stage.begin(play);
    const tape = stage.record(session);
    await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
    await tape.stopReading();
    expect(await stage.countProcesses(play.handle), 'processes after the reader left').toBeGreaterThan(0);
    await stage.openGate(play);
    const rest = stage.record(session, tape.lastCursor);
    await rest.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    const text = spoken([...tape.events, ...rest.events], play.capabilities);
    expect(text.split('before').length - 1, 'times it said before').toBe(1);
    expect(text).toContain('after');
    await session.stop({ graceMs: 500 });
  }),
  verifies('events.stand', async (stage) => {
    const play = await stage.play('gate');
    const session = await stage.begin(play);
    const tape = stage.record(session);
    await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
    await tape.stopReading();
    const stood = stage.record(session, undefined, false);
    await stood.end();
    expect(spoken(stood.events, play.capabilities)).toContain('before');
    expect(await stage.countProcesses(play.handle), 'processes when the reading ended').toBeGreaterThan(0);
    await stage.openGate(play);
    const rest = stage.record(session, stood.lastCursor);
    await rest.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    const text = spoken([...stood.events, ...rest.events], play.capabilities);
    expect(text.split('before').length - 1, 'times it said before').toBe(1);
    expect(text).toContain('after');
    await session.stop({ graceMs: 500 });
  }),
  verifies('events.unread', async (stage) => {
    const play = await stage.play('exitCode');
    const session = await stage.begin(play);
    await stage.eventually('the agent has ended unread', async () => (await stage.countProcesses(play.handle)) === 0);
    const tape = stage.record(session);
    await tape.end();
    expect(spoken(tape.events, play.capabilities)).toContain('failing');
  }),
];
