import type { Decision } from '@runtime/contracts';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { expect } from 'vitest';
import { refusal, type Bench } from '../stage.ts';
import { spoken } from '../tape.ts';
import { doesNotApply } from '../not-applicable.ts';
import { verifies, type Case } from '../verifies.ts';
import { inTurn } from './steer-cases.ts';

type Request = Extract<SessionEvent, { type: 'approval.requested' }>;

const requestIn = (events: readonly SessionEvent[]): Request | undefined =>
  events.find((event) => event.type === 'approval.requested');

async function asked(bench: Bench) {
  const play = await bench.play('approval');
  const session = await bench.begin(play);
  const tape = bench.record(session);
  await tape.until('an approval', (events) => requestIn(events) !== undefined);
  return { play, session, tape, request: requestIn(tape.events)! };
}

function decisionOf(request: Request, kind: 'allow' | 'deny'): Decision {
  const choice = request.choices.find((each) => each.kind === kind);
  if (!choice) throw new Error(`there is no choice to ${kind}: ${JSON.stringify(request.choices)}`);
  return { choice: choice.id };
}

/** Saying it again does no harm; by then nobody may wait for it any more. */
async function repeat(call: Promise<void>): Promise<void> {
  const result = await Promise.allSettled([call]);
  if (result[0].status === 'rejected') expect(await refusal(call)).toBe('NOT_FOUND');
}

export const approvalCases: readonly Case[] = [
  verifies('answer.reaches', async (bench) => {
    const { capabilities } = await bench.play('hello');
    if (!capabilities.approvals) {
      const { session } = await inTurn(bench);
      expect(await refusal(session.answer('any', { choice: 'allow' }))).toBe('UNSUPPORTED');
      return;
    }
    for (const [kind, words] of [
      ['allow', 'allowed'],
      ['deny', 'denied'],
    ] as const) {
      const { play, session, tape, request } = await asked(bench);
      const decision = decisionOf(request, kind);
      await session.answer(request.approvalId, decision);
      await repeat(session.answer(request.approvalId, decision));
      await tape.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
      await session.stop({ graceMs: 500 });
      await tape.end();
      expect(spoken(tape.events, play.capabilities).split(words).length - 1, `times it said ${words}`).toBe(1);
    }
  }),
  verifies('answer.recovered', async (bench) => {
    const { capabilities } = await bench.play('hello');
    if (!capabilities.approvals || !capabilities.reattach) doesNotApply('it has no approvals, or does not reattach');
    const { play, session, tape, request } = await asked(bench);
    await tape.letGo();
    await session[Symbol.asyncDispose]();
    const found = await bench.recovered(play, 'live');
    const again = bench.record(found);
    await again.until('the approval again', (events) => requestIn(events)?.approvalId === request.approvalId);
    await found.answer(request.approvalId, decisionOf(request, 'allow'));
    await again.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    expect(spoken(again.events, play.capabilities)).toContain('allowed');
    await found.stop({ graceMs: 500 });
  }),
  verifies('answer.not-found', async (bench) => {
    const { capabilities } = await bench.play('hello');
    if (!capabilities.approvals) doesNotApply('it has no approvals');
    const { session, tape, request } = await asked(bench);
    expect(await refusal(session.answer('no-such-approval', { choice: 'allow' }))).toBe('NOT_FOUND');
    await session.stop({ graceMs: 500 });
    await tape.end();
    expect(await refusal(session.answer(request.approvalId, decisionOf(request, 'allow')))).toBe('NOT_FOUND');
  }),
];
