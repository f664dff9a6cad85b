import type { RuntimeSession } from '@runtime/contracts/adapter';
import { expect } from 'vitest';
import { refusal } from '../stage.ts';
import { makeInstruction } from '../handles.ts';
import { spoken } from '../tape.ts';
import { verifies, type Case } from '../verifies.ts';
import { inTurn } from './steer-cases.ts';

/** Every call of a session that is refused in the same way. */
function calls(session: RuntimeSession, signal?: AbortSignal): Readonly<Record<string, () => Promise<unknown>>> {
  const options = signal ? { signal } : {};
  return {
    steer: () => session.send(makeInstruction('A steer.', { mode: 'steer' }), options),
    followUp: () => session.send(makeInstruction('A follow-up.', { mode: 'followUp' }), options),
    answer: () => session.answer('an-approval', { choice: 'allow' }, options),
  };
}

export const traitCases: readonly Case[] = [
  verifies('trait.aborted', async (stage) => {
    const { play, session, tape } = await inTurn(stage);
    const signal = AbortSignal.abort();
    for (const [name, call] of Object.entries({
      ...calls(session, signal),
      interrupt: () => session.interrupt({ signal }),
    })) {
      expect(['CANCELLED', 'UNSUPPORTED'], name).toContain(await refusal(call()));
    }
    for (const call of [
      () => play.adapter.probe({ signal }),
      () => play.adapter.recover(play.handle, { signal }),
      () => play.adapter.reap(play.handle, { signal }),
    ]) {
      expect(await refusal(call()), String(call)).toBe('CANCELLED');
    }
    expect(await stage.countProcesses(play.handle), 'processes').toBeGreaterThan(0);
    const effects = tape.events.filter(
      (event) =>
        event.type === 'turn.ended' ||
        ('instructionId' in event &&
          event.instructionId !== undefined &&
          event.instructionId !== play.launch.instruction.id),
    );
    expect(effects, 'events of calls that had no effect').toEqual([]);
    await tape.stopReading();
    const silent = [];
    for await (const batch of session.events({ signal })) silent.push(batch);
    expect(silent, 'batches for an aborted reader').toEqual([]);
    await stage.openGate(play);
    const rest = stage.record(session, tape.lastCursor);
    await rest.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    expect(spoken(rest.events, play.capabilities)).toContain('after');
  }),
  verifies('trait.after-end', async (stage) => {
    const play = await stage.play('hello');
    const { session, exit } = await stage.playToEnd(play);
    const { steer, followUp, approvals, interrupt } = play.capabilities;
    const allowed: Readonly<Record<string, readonly string[]>> = {
      steer: steer === 'none' ? ['UNSUPPORTED'] : ['CONFLICT', 'UNAVAILABLE'],
      followUp: followUp ? ['CONFLICT', 'UNAVAILABLE'] : ['UNSUPPORTED'],
      answer: approvals ? ['NOT_FOUND'] : ['UNSUPPORTED'],
    };
    for (const endedSession of [session, await stage.recovered(play, 'ended')]) {
      for (const [name, call] of Object.entries(calls(endedSession))) {
        expect(allowed[name], name).toContain(await refusal(call()));
      }
      if (interrupt) await endedSession.interrupt();
      else expect(await refusal(endedSession.interrupt())).toBe('UNSUPPORTED');
      expect(await endedSession.stop()).toEqual(exit);
      expect(await endedSession.stop()).toEqual(exit);
      await endedSession[Symbol.asyncDispose]();
      await endedSession[Symbol.asyncDispose]();
    }
    await play.adapter.reap(play.handle);
  }),
];
