import { expect } from 'vitest';
import { endingScenarios, refusal, type Bench } from '../stage.ts';
import type { ScenarioName } from '../scenarios.ts';
import { canonical, spoken } from '../tape.ts';
import { verifies, type Case } from '../verifies.ts';

/** Scenarios whose replay is looked at: those that differ in what an adapter has to rebuild. */
const replayed: readonly ScenarioName[] = ['hello', 'tool', 'unicode', 'malformed', 'crash'];
/** A source of thousands of records is sampled. */
const maxCursors = 40;

async function replayEverywhere(bench: Bench, scenario: ScenarioName): Promise<void> {
  const play = await bench.play(scenario);
  const { session, tape } = await bench.playToEnd(play);
  const again = bench.record(session);
  await again.end();
  expect(canonical(again.events), `${scenario} read again`).toEqual(canonical(tape.events));
  const fresh = await bench.recovered(play, 'ended');
  const step = Math.max(1, Math.floor(tape.batches.length / maxCursors));
  for (let index = 0; index < tape.batches.length; index += step) {
    const rest = bench.record(fresh, tape.batches[index]?.cursor);
    await rest.end();
    const expected = tape.batches.slice(index + 1).flatMap((batch) => batch.events);
    const where = `${scenario} after batch ${index} (${tape.batches[index]?.cursor})`;
    expect(canonical(rest.events), where).toEqual(canonical(expected));
  }
}

export const readingCases: readonly Case[] = [
  verifies('events.replay', async (bench) => {
    const { capabilities } = await bench.play('hello');
    for (const scenario of endingScenarios(capabilities, bench.harness)) {
      if (replayed.includes(scenario)) await replayEverywhere(bench, scenario);
    }
  }),
  verifies('events.one-reader', async (bench) => {
    const play = await bench.play('gate');
    const session = await bench.begin(play);
    const tape = bench.record(session);
    await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
    const second = (async () => {
      for await (const _ of session.events()) break;
    })();
    expect(await refusal(second)).toBe('CONFLICT');
    await tape.letGo();
    for await (const _ of session.events()) break;
    const third = bench.record(session);
    await third.until('the first words again', (events) => spoken(events, play.capabilities).includes('before'));
    await session.stop({ graceMs: 500 });
    await third.end();
  }),
  verifies('events.aborted', async (bench) => {
    const play = await bench.play('gate');
    const session = await bench.begin(play);
    const tape = bench.record(session);
    await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
    await tape.letGo();
    expect(await bench.countProcesses(play.handle), 'processes after the reader left').toBeGreaterThan(0);
    await bench.openGate(play);
    const rest = bench.record(session, tape.lastCursor);
    await rest.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    const text = spoken([...tape.events, ...rest.events], play.capabilities);
    expect(text.split('before').length - 1, 'times it said before').toBe(1);
    expect(text).toContain('after');
    await session.stop({ graceMs: 500 });
  }),
  verifies('events.unread', async (bench) => {
    const play = await bench.play('exitCode');
    const session = await bench.begin(play);
    await bench.eventually('the agent has ended unread', async () => (await bench.countProcesses(play.handle)) === 0);
    const tape = bench.record(session);
    await tape.end();
    expect(spoken(tape.events, play.capabilities)).toContain('failing');
  }),
];
