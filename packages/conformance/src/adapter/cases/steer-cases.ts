import type { Instruction } from '@runtime/contracts';
import type { RuntimeSession, SessionEvent } from '@runtime/contracts/adapter';
import { expect } from 'vitest';
import { refusal, type Stage, type Play } from '../stage.ts';
import { orderFault } from '../event-checks.ts';
import { makeInstruction } from '../handles.ts';
import { spoken, type Tape } from '../tape.ts';
import { doesNotApply } from '../not-applicable.ts';
import { verifies, type Case } from '../verifies.ts';

/** True when the events report this level for the instruction. */
export function reached(events: readonly SessionEvent[], instruction: Instruction, level: string): boolean {
  return events.some(
    (event) =>
      event.type === `instruction.${level}` && 'instructionId' in event && event.instructionId === instruction.id,
  );
}

/** Starts the `gate` scenario and waits for the middle of its first turn. */
export async function inTurn(stage: Stage): Promise<{ play: Play; session: RuntimeSession; tape: Tape }> {
  const play = await stage.play('gate');
  const session = await stage.begin(play);
  const tape = stage.record(session);
  await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
  return { play, session, tape };
}

const makeSteer = (): Instruction => makeInstruction('Look left, too.', { mode: 'steer' });

async function expectSteered(stage: Stage, play: Play, session: RuntimeSession, tape: Tape): Promise<void> {
  const instruction = makeSteer();
  await session.send(instruction);
  await stage.openGate(play);
  const { steer } = session.capabilities;
  if (steer !== 'unknown') await tape.until(`the steer is ${steer}`, (events) => reached(events, instruction, steer));
  await tape.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
  expect(spoken(tape.events, play.capabilities), 'the turn went on').toContain('after');
  await session.stop({ graceMs: 500 });
  await tape.end();
  const levels = tape.events.filter((event) => 'instructionId' in event && event.instructionId === instruction.id);
  expect(new Set(levels.map((event) => event.type)).size, 'each level once').toBe(levels.length);
  if (!play.setup.witness) return;
  const { instructions } = await play.setup.witness();
  expect(instructions.filter((text) => text.includes('Look left, too.')).length, 'times it arrived').toBe(1);
}

export const steerCases: readonly Case[] = [
  verifies('send.steer', async (stage) => {
    const { play, session, tape } = await inTurn(stage);
    if (play.capabilities.steer !== 'none') {
      await expectSteered(stage, play, session, tape);
      const ids = tape.events.flatMap((event) =>
        'instructionId' in event &&
        event.instructionId !== undefined &&
        event.instructionId !== play.launch.instruction.id
          ? [event.instructionId]
          : [],
      );
      expect(orderFault(tape.events, play.launch, play.capabilities, [...new Set(ids)])).toBeUndefined();
      return;
    }
    expect(await refusal(session.send(makeSteer()))).toBe('UNSUPPORTED');
  }),
  verifies('send.steer-recovered', async (stage) => {
    const { play, session, tape } = await inTurn(stage);
    if (play.capabilities.steer === 'none') doesNotApply('it cannot be steered');
    if (!play.capabilities.reattach) doesNotApply('it does not reattach');
    await tape.stopReading();
    await session[Symbol.asyncDispose]();
    const found = await stage.recovered(play, 'live');
    await expectSteered(stage, play, found, stage.record(found));
  }),
  verifies('send.if-turn', async (stage) => {
    const { play, session, tape } = await inTurn(stage);
    const { steer, followUp } = play.capabilities;
    if (steer === 'none' && !followUp) doesNotApply('it takes no further instructions');
    const mode = steer === 'none' ? 'followUp' : 'steer';
    const instruction = makeInstruction('Too late.', { mode, ifTurn: 'no-such-turn' });
    expect(await refusal(session.send(instruction))).toBe('CONFLICT');
    await session.stop({ graceMs: 500 });
    await tape.end();
    expect(tape.events.some((event) => 'instructionId' in event && event.instructionId === instruction.id)).toBe(false);
    if (!play.setup.witness) return;
    const { instructions } = await play.setup.witness();
    expect(instructions.some((text) => text.includes('Too late.'))).toBe(false);
  }),
];
