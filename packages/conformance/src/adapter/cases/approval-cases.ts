import type { Decision } from '@runtime/contracts';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { expect } from 'vitest';
import { refusal, type Stage } from '../stage.ts';
import { spoken } from '../tape.ts';
import { doesNotApply } from '../not-applicable.ts';
import { verifies, type Case } from '../verifies.ts';
import { inTurn } from './steer-cases.ts';

type Request = Extract<SessionEvent, { type: 'approval.requested' }>;

const requestIn = (events: readonly SessionEvent[]): Request | undefined =>
  events.find((event) => event.type === 'approval.requested');

/** Plays the `approval` scenario up to its question. */
async function playToApproval(stage: Stage) {
  const play = await stage.play('approval');
  const session = await stage.begin(play);
  const tape = stage.record(session);
  await tape.until('an approval', (events) => requestIn(events) !== undefined);
  const request = requestIn(tape.events);
  if (!request) throw new Error('the approval is no longer among the events');
  return { play, session, tape, request };
}

function decisionOf(request: Request, kind: 'allow' | 'deny'): Decision {
  const choice = request.choices.find((each) => each.kind === kind);
  if (!choice) throw new Error(`there is no choice to ${kind}: ${JSON.stringify(request.choices)}`);
  return { choice: choice.id };
}

/** A repeated answer does no harm; NOT_FOUND is allowed, since the agent may have gone on by then. */
async function expectHarmless(call: Promise<void>): Promise<void> {
  const result = await Promise.allSettled([call]);
  if (result[0].status === 'rejected') expect(await refusal(call)).toBe('NOT_FOUND');
}

export const approvalCases: readonly Case[] = [
  verifies('answer.reaches', async (stage) => {
    const { capabilities } = await stage.play('hello');
    if (!capabilities.approvals) {
      const { session } = await inTurn(stage);
      expect(await refusal(session.answer('any', { choice: 'allow' }))).toBe('UNSUPPORTED');
      return;
    }
    for (const [kind, words] of [
      ['allow', 'allowed'],
      ['deny', 'denied'],
    ] as const) {
      const { play, session, tape, request } = await playToApproval(stage);
      const decision = decisionOf(request, kind);
      await session.answer(request.approvalId, decision);
      await expectHarmless(session.answer(request.approvalId, decision));
      await tape.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
      await session.stop({ graceMs: 500 });
      await tape.end();
      expect(spoken(tape.events, play.capabilities).split(words).length - 1, `times it said ${words}`).toBe(1);
    }
  }),
  verifies('answer.recovered', async (stage) => {
    const { capabilities } = await stage.play('hello');
    if (!capabilities.approvals || !capabilities.reattach) doesNotApply('it has no approvals, or does not reattach');
    const { play, session, tape, request } = await playToApproval(stage);
    await tape.stopReading();
    await session[Symbol.asyncDispose]();
    const found = await stage.recovered(play, 'live');
    const rest = stage.record(found);
    await rest.until('the approval again', (events) => requestIn(events)?.approvalId === request.approvalId);
    await found.answer(request.approvalId, decisionOf(request, 'allow'));
    await rest.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    expect(spoken(rest.events, play.capabilities)).toContain('allowed');
    await found.stop({ graceMs: 500 });
  }),
  verifies('answer.not-found', async (stage) => {
    const { capabilities } = await stage.play('hello');
    if (!capabilities.approvals) doesNotApply('it has no approvals');
    const { session, tape, request } = await playToApproval(stage);
    expect(await refusal(session.answer('no-such-approval', { choice: 'allow' }))).toBe('NOT_FOUND');
    await session.stop({ graceMs: 500 });
    await tape.end();
    expect(await refusal(session.answer(request.approvalId, decisionOf(request, 'allow')))).toBe('NOT_FOUND');
  }),
];
