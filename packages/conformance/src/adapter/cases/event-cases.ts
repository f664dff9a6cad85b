import type { RuntimeCapabilities } from '@runtime/contracts';
import type { Launch, SessionEvent } from '@runtime/contracts/adapter';
import { expect } from 'vitest';
import { endingScenarios, type Bench, type Play } from '../stage.ts';
import { invalid, messageFault, outOfOrder, turnFault } from '../event-checks.ts';
import type { AdapterHarness } from '../harness.ts';
import type { ScenarioName } from '../scenarios.ts';
import { spoken } from '../tape.ts';
import { doesNotApply } from '../not-applicable.ts';
import { verifies, type Case } from '../verifies.ts';

interface Told {
  readonly scenario: ScenarioName;
  readonly launch: Launch;
  readonly capabilities: RuntimeCapabilities;
  readonly events: readonly SessionEvent[];
  readonly cursors: readonly string[];
}

/** Played once for a harness: several requirements look at the same events. */
const toldBy = new WeakMap<AdapterHarness, Promise<Told[]>>();

function everything(bench: Bench): Promise<Told[]> {
  const told = toldBy.get(bench.harness) ?? playEverything(bench);
  toldBy.set(bench.harness, told);
  return told;
}

/** What is told in every scenario that comes to an end, and in one that is stopped in the middle. */
async function playEverything(bench: Bench): Promise<Told[]> {
  const { capabilities } = await bench.play('hello');
  const told: Told[] = [];
  for (const scenario of endingScenarios(capabilities, bench.harness)) {
    const play = await bench.play(scenario, { ...secretOf(scenario) });
    const { tape } = await bench.playToEnd(play);
    told.push(record(play, tape));
  }
  if (bench.harness.unplayable?.gate !== undefined) return told;
  const play = await bench.play('gate');
  const session = await bench.begin(play);
  const tape = bench.record(session);
  await tape.until('the first words', (events) => spoken(events, capabilities).includes('before'));
  await session.stop({ graceMs: 500 });
  await tape.end();
  return [...told, record(play, tape)];
}

function record(play: Play, tape: { events: SessionEvent[]; batches: readonly { cursor: string }[] }): Told {
  const { launch, capabilities, context } = play;
  const cursors = tape.batches.map((batch) => batch.cursor);
  return { scenario: context.scenario, launch, capabilities, events: tape.events, cursors };
}

const secretOf = (scenario: ScenarioName): Partial<Launch> =>
  scenario === 'secret' ? { env: { CONFORMANCE_SECRET: 'a-secret-of-some-length' } } : {};

export const eventCases: readonly Case[] = [
  verifies('events.valid', async (bench) => {
    for (const { scenario, events, cursors } of await everything(bench)) {
      for (const event of events) expect(invalid(event), `in ${scenario}`).toBeUndefined();
      for (const cursor of cursors) expect(cursor.length, `cursor ${cursor}`).toBeLessThanOrEqual(500);
    }
  }),
  verifies('events.order', async (bench) => {
    for (const { scenario, launch, capabilities, events } of await everything(bench)) {
      expect(outOfOrder(events, launch, capabilities), `in ${scenario}`).toBeUndefined();
    }
  }),
  verifies('events.turns', async (bench) => {
    for (const { scenario, events } of await everything(bench)) {
      expect(turnFault(events), `in ${scenario}`).toBeUndefined();
    }
  }),
  verifies('events.whole-messages', async (bench) => {
    const all = await everything(bench);
    if (all[0]?.capabilities.events === 'output') doesNotApply('its events are raw output');
    for (const { scenario, events } of all) expect(messageFault(events), `in ${scenario}`).toBeUndefined();
  }),
  verifies('events.evidence', async (bench) => {
    const play = await bench.play('hello');
    const { tape } = await bench.playToEnd(play);
    const levels = tape.events.flatMap((event) =>
      event.type.startsWith('instruction.') &&
      'instructionId' in event &&
      event.instructionId === play.launch.instruction.id
        ? [event.type]
        : [],
    );
    expect(levels.length, 'events of the first instruction').toBeGreaterThan(0);
    expect(levels).not.toContain('instruction.declined');
  }),
  verifies('events.complete', async (bench) => {
    const play = await bench.play('exitCode');
    const session = await bench.begin(play);
    const tape = bench.record(session);
    await tape.end();
    expect(spoken(tape.events, play.capabilities)).toContain('failing');
  }),
  verifies('events.silence', async (bench) => {
    const play = await bench.play('silent');
    const { tape } = await bench.playToEnd(play);
    expect(spoken(tape.events, play.capabilities).trim()).toBe('');
    expect(turnFault(tape.events)).toBeUndefined();
  }),
  verifies('events.structured', async (bench) => {
    const play = await bench.play('hello');
    const { tape } = await bench.playToEnd(play);
    expect(spoken(tape.events, play.capabilities)).toContain('hello, world');
    const types = new Set<string>(tape.events.map((event) => event.type));
    if (play.capabilities.events === 'output') {
      const structured = ['text.delta', 'message.completed', 'tool.started'].filter((type) => types.has(type));
      expect(structured, 'more than is declared').toEqual([]);
      return;
    }
    expect(types, 'what a message is made of').toContain('text.delta');
    expect(types).toContain('message.completed');
    const tool = await bench.playToEnd(await bench.play('tool'));
    const started = tool.tape.events.find((event) => event.type === 'tool.started');
    const ended = tool.tape.events.find((event) => event.type === 'tool.ended');
    expect(started, 'tool.started').toBeDefined();
    expect(ended).toMatchObject({ ok: true, callId: started?.callId });
  }),
  verifies('usage.reported', async (bench) => {
    const play = await bench.play('hello');
    const { tape } = await bench.playToEnd(play);
    const reported = tape.events.some(
      (event) => event.type === 'usage.reported' || (event.type === 'turn.ended' && event.usage !== undefined),
    );
    expect(reported, 'usage is reported').toBe(play.capabilities.usage);
  }),
];
