import type { RuntimeCapabilities } from '@runtime/contracts';
import type { Launch, SessionEvent } from '@runtime/contracts/adapter';
import { expect } from 'vitest';
import { endingScenarios, type Stage, type Play } from '../stage.ts';
import { messageFault, orderFault, pauseFault, schemaFault, turnFault } from '../event-checks.ts';
import type { AdapterHarness } from '../harness.ts';
import type { ScenarioName } from '../scenarios.ts';
import { spoken } from '../tape.ts';
import { doesNotApply } from '../not-applicable.ts';
import { verifies, type Case } from '../verifies.ts';

/** Everything that the session of one played scenario reported. */
interface Recording {
  readonly scenario: ScenarioName;
  readonly launch: Launch;
  readonly capabilities: RuntimeCapabilities;
  readonly events: readonly SessionEvent[];
  readonly cursors: readonly string[];
}

/** Played once for each harness, because several requirements look at the same events. */
const recordings = new WeakMap<AdapterHarness, Promise<Recording[]>>();

function allRecordings(stage: Stage): Promise<Recording[]> {
  const played = recordings.get(stage.harness) ?? playEverything(stage);
  recordings.set(stage.harness, played);
  return played;
}

/** Plays every scenario that ends by itself, and one that is stopped in the middle. */
async function playEverything(stage: Stage): Promise<Recording[]> {
  const { capabilities } = await stage.play('hello');
  const played: Recording[] = [];
  for (const scenario of endingScenarios(capabilities, stage.harness)) {
    const play = await stage.play(scenario, { ...secretOf(scenario) });
    const { tape } = await stage.playToEnd(play);
    played.push(recordingOf(play, tape));
  }
  if (stage.harness.unplayable?.gate !== undefined) return played;
  const play = await stage.play('gate');
  const session = await stage.begin(play);
  const tape = stage.record(session);
  await tape.until('the first words', (events) => spoken(events, capabilities).includes('before'));
  await session.stop({ graceMs: 500 });
  await tape.end();
  return [...played, recordingOf(play, tape)];
}

function recordingOf(play: Play, tape: { events: SessionEvent[]; batches: readonly { cursor: string }[] }): Recording {
  const { launch, capabilities, context } = play;
  const cursors = tape.batches.map((batch) => batch.cursor);
  return { scenario: context.scenario, launch, capabilities, events: tape.events, cursors };
}

const secretOf = (scenario: ScenarioName): Partial<Launch> =>
  scenario === 'secret' ? { env: { CONFORMANCE_SECRET: 'a-secret-of-some-length' } } : {};

export const eventCases: readonly Case[] = [
  verifies('events.valid', async (stage) => {
    for (const { scenario, events, cursors } of await allRecordings(stage)) {
      for (const event of events) expect(schemaFault(event), `in ${scenario}`).toBeUndefined();
      for (const cursor of cursors) expect(cursor.length, `cursor ${cursor}`).toBeLessThanOrEqual(500);
    }
  }),
  verifies('events.order', async (stage) => {
    for (const { scenario, launch, capabilities, events } of await allRecordings(stage)) {
      expect(orderFault(events, launch, capabilities), `in ${scenario}`).toBeUndefined();
    }
  }),
  verifies('events.turns', async (stage) => {
    for (const { scenario, events } of await allRecordings(stage)) {
      expect(turnFault(events), `in ${scenario}`).toBeUndefined();
    }
  }),
  verifies('events.pauses', async (stage) => {
    for (const { scenario, events } of await allRecordings(stage)) {
      expect(pauseFault(events), `in ${scenario}`).toBeUndefined();
    }
  }),
  verifies('events.whole-messages', async (stage) => {
    const all = await allRecordings(stage);
    if (all[0]?.capabilities.events === 'output') doesNotApply('its events are raw output');
    for (const { scenario, events } of all) expect(messageFault(events), `in ${scenario}`).toBeUndefined();
  }),
  verifies('events.evidence', async (stage) => {
    const play = await stage.play('hello');
    const { tape } = await stage.playToEnd(play);
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
  verifies('events.complete', async (stage) => {
    const play = await stage.play('exitCode');
    const session = await stage.begin(play);
    const tape = stage.record(session);
    await tape.end();
    expect(spoken(tape.events, play.capabilities)).toContain('failing');
  }),
  verifies('events.silence', async (stage) => {
    const play = await stage.play('silent');
    const { tape } = await stage.playToEnd(play);
    expect(spoken(tape.events, play.capabilities).trim()).toBe('');
    expect(turnFault(tape.events)).toBeUndefined();
  }),
  verifies('events.structured', async (stage) => {
    const play = await stage.play('hello');
    const { tape } = await stage.playToEnd(play);
    expect(spoken(tape.events, play.capabilities)).toContain('hello, world');
    const types = new Set<string>(tape.events.map((event) => event.type));
    if (play.capabilities.events === 'output') {
      const structured = ['text.delta', 'message.completed', 'tool.started'].filter((type) => types.has(type));
      expect(structured, 'more than is declared').toEqual([]);
      return;
    }
    expect(types, 'what a message is made of').toContain('text.delta');
    expect(types).toContain('message.completed');
    const tool = await stage.playToEnd(await stage.play('tool'));
    const started = tool.tape.events.find((event) => event.type === 'tool.started');
    const ended = tool.tape.events.find((event) => event.type === 'tool.ended');
    expect(started, 'tool.started').toBeDefined();
    expect(ended).toMatchObject({ ok: true, callId: started?.callId });
  }),
  verifies('usage.reported', async (stage) => {
    const play = await stage.play('hello');
    const { tape } = await stage.playToEnd(play);
    const reported = tape.events.some(
      (event) => event.type === 'usage.reported' || (event.type === 'turn.ended' && event.usage !== undefined),
    );
    expect(reported, 'usage is reported').toBe(play.capabilities.usage);
  }),
];
