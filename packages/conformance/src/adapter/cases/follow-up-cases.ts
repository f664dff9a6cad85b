import { expect } from 'vitest';
import { refusal } from '../stage.ts';
import { orderFault, turnFault } from '../event-checks.ts';
import { makeInstruction } from '../handles.ts';
import { doesNotApply } from '../not-applicable.ts';
import { verifies, type Case } from '../verifies.ts';
import { inTurn, reached } from './steer-cases.ts';

export const followUpCases: readonly Case[] = [
  verifies('send.follow-up', async (stage) => {
    const { play, session, tape } = await inTurn(stage);
    const followUp = makeInstruction('And then greet again.', { mode: 'followUp' });
    if (!play.capabilities.followUp) {
      expect(await refusal(session.send(followUp))).toBe('UNSUPPORTED');
      return;
    }
    await session.send(followUp);
    await stage.openGate(play);
    await tape.until('the end of the second turn', (events) => {
      const ownTurn = events.find((event) => event.type === 'turn.started' && event.instructionId === followUp.id);
      return events.some(
        (event) => event.type === 'turn.ended' && ownTurn?.type === 'turn.started' && event.turnId === ownTurn.turnId,
      );
    });
    await session.stop({ graceMs: 500 });
    await tape.end();
    expect(turnFault(tape.events)).toBeUndefined();
    expect(reached(tape.events, followUp, 'declined')).toBe(false);
    expect(orderFault(tape.events, play.launch, play.capabilities, [followUp.id])).toBeUndefined();
  }),
  verifies('send.overlap', async (stage) => {
    const { play, session, tape } = await inTurn(stage);
    if (!play.capabilities.followUp) doesNotApply('it takes no follow-ups');
    const sent = [1, 2, 3, 4, 5].map((number) => makeInstruction(`Follow-up number ${number}.`, { mode: 'followUp' }));
    await Promise.all(sent.map((instruction) => session.send(instruction)));
    await stage.openGate(play);
    await tape.until('the last one is delivered', (events) =>
      sent.every((instruction) =>
        events.some(
          (event) =>
            (event.type === 'instruction.delivered' || event.type === 'instruction.unknown') &&
            event.instructionId === instruction.id,
        ),
      ),
    );
    await session.stop({ graceMs: 500 });
    await tape.end();
    const order = tape.events.flatMap((event) =>
      event.type === 'instruction.delivered' && event.instructionId !== play.launch.instruction.id
        ? [event.instructionId]
        : [],
    );
    if (order.length > 0) expect(order).toEqual(sent.map((instruction) => instruction.id));
    const { instructions } = await stage.witness(play);
    const arrived = instructions.join('\n').match(/Follow-up number \d/g) ?? [];
    expect(arrived.map((text) => text.at(-1)).join('')).toBe('12345');
  }),
  verifies('interrupt.keeps-session', async (stage) => {
    const { play, session, tape } = await inTurn(stage);
    if (!play.capabilities.interrupt) {
      expect(await refusal(session.interrupt())).toBe('UNSUPPORTED');
      return;
    }
    await session.interrupt();
    await tape.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    const ended = tape.events.find((event) => event.type === 'turn.ended');
    expect(ended?.outcome.status, 'an interrupted turn').not.toBe('succeeded');
    expect(await stage.countProcesses(play.handle), 'processes after the interrupt').toBeGreaterThan(0);
    if (play.capabilities.followUp) {
      const next = makeInstruction('Go on.', { mode: 'followUp' });
      await session.send(next);
      await tape.until('a second turn', (events) => events.filter((event) => event.type === 'turn.ended').length === 2);
    }
    await session.stop({ graceMs: 500 });
    await tape.end();
    expect(turnFault(tape.events)).toBeUndefined();
  }),
  verifies('interrupt.empties-queue', async (stage) => {
    const { play, session, tape } = await inTurn(stage);
    if (!play.capabilities.interrupt || !play.capabilities.followUp) doesNotApply('it has no queue to empty');
    const queued = makeInstruction('Never to be done.', { mode: 'followUp' });
    await session.send(queued);
    await session.interrupt();
    await tape.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    const next = makeInstruction('This one counts.', { mode: 'followUp' });
    await session.send(next);
    await tape.until('a second turn', (events) => events.filter((event) => event.type === 'turn.ended').length === 2);
    await session.stop({ graceMs: 500 });
    await tape.end();
    expect(reached(tape.events, queued, 'delivered')).toBe(false);
    expect(tape.events.some((event) => event.type === 'turn.started' && event.instructionId === queued.id)).toBe(false);
    if (!play.setup.witness) return;
    expect((await play.setup.witness()).instructions.some((text) => text.includes('Never to be done.'))).toBe(false);
  }),
  verifies('interrupt.at-rest', async (stage) => {
    const play = await stage.play('hello');
    if (!play.capabilities.interrupt) doesNotApply('it cannot be interrupted');
    const session = await stage.begin(play);
    const tape = stage.record(session);
    await tape.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    await session.interrupt();
    await session.interrupt();
    await session.stop({ graceMs: 500 });
    await session.interrupt();
    await tape.end();
    expect(tape.events.filter((event) => event.type === 'turn.ended').length).toBe(1);
  }),
];
