import type { Instruction } from '@runtime/contracts';
import type { RuntimeSession, SessionEvent } from '@runtime/contracts/adapter';
import { expect } from 'vitest';
import { refusal, type Bench, type Play } from '../stage.ts';
import { outOfOrder } from '../event-checks.ts';
import { makeInstruction } from '../handles.ts';
import { spoken, type Tape } from '../tape.ts';
import { doesNotApply } from '../not-applicable.ts';
import { verifies, type Case } from '../verifies.ts';

/** True once the events prove this level for the instruction. */
export function reached(events: readonly SessionEvent[], instruction: Instruction, level: string): boolean {
  return events.some(
    (event) =>
      event.type === `instruction.${level}` && 'instructionId' in event && event.instructionId === instruction.id,
  );
}

/** A run in the middle of its first turn. */
export async function inTurn(bench: Bench): Promise<{ play: Play; session: RuntimeSession; tape: Tape }> {
  const play = await bench.play('gate');
  const session = await bench.begin(play);
  const tape = bench.record(session);
  await tape.until('the first words', (events) => spoken(events, play.capabilities).includes('before'));
  return { play, session, tape };
}

const steering = (): Instruction => makeInstruction('Look left, too.', { mode: 'steer' });

async function steers(bench: Bench, play: Play, session: RuntimeSession, tape: Tape): Promise<void> {
  const instruction = steering();
  await session.send(instruction);
  await bench.openGate(play);
  const { steer } = session.capabilities;
  if (steer !== 'unknown') await tape.until(`the steer is ${steer}`, (events) => reached(events, instruction, steer));
  await tape.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
  expect(spoken(tape.events, play.capabilities), 'the turn went on').toContain('after');
  await session.stop({ graceMs: 500 });
  await tape.end();
  const told = tape.events.filter((event) => 'instructionId' in event && event.instructionId === instruction.id);
  expect(new Set(told.map((event) => event.type)).size, 'each level once').toBe(told.length);
  if (!play.setup.witness) return;
  const { instructions } = await play.setup.witness();
  expect(instructions.filter((text) => text.includes('Look left, too.')).length, 'times it arrived').toBe(1);
}

export const steerCases: readonly Case[] = [
  verifies('send.steer', async (bench) => {
    const { play, session, tape } = await inTurn(bench);
    if (play.capabilities.steer !== 'none') {
      await steers(bench, play, session, tape);
      const ids = tape.events.flatMap((event) =>
        'instructionId' in event &&
        event.instructionId !== undefined &&
        event.instructionId !== play.launch.instruction.id
          ? [event.instructionId]
          : [],
      );
      expect(outOfOrder(tape.events, play.launch, play.capabilities, [...new Set(ids)])).toBeUndefined();
      return;
    }
    expect(await refusal(session.send(steering()))).toBe('UNSUPPORTED');
  }),
  verifies('send.steer-recovered', async (bench) => {
    const { play, session, tape } = await inTurn(bench);
    if (play.capabilities.steer === 'none') doesNotApply('it cannot be steered');
    if (!play.capabilities.reattach) doesNotApply('it does not reattach');
    await tape.letGo();
    await session[Symbol.asyncDispose]();
    const found = await bench.recovered(play, 'live');
    await steers(bench, play, found, bench.record(found));
  }),
  verifies('send.if-turn', async (bench) => {
    const { play, session, tape } = await inTurn(bench);
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
