import type { RunOutcome } from '@runtime/contracts';
import type { Exit, SessionEvent } from '@runtime/contracts/adapter';
import { compactionLost } from './compactions.ts';
import { onRest, type NextTurn } from './instructions.ts';
import { beginTurn } from './life.ts';
import { completed, discarded, textWithoutDeltas } from './messages.ts';
import { diedOutcome, refusedPrompt, turnOutcome, type TurnEnd } from './outcome.ts';
import { retryEnded } from './retries.ts';
import { turnIdOf, type TranslatorState } from './state.ts';
import { noUsage, usageOf } from './usage.ts';

export function startTurn(state: TranslatorState, instructionId: string | undefined): SessionEvent[] {
  state.turn = noUsage();
  state.last = undefined;
  state.pauseMs = 0;
  return [{ type: 'turn.started', turnId: turnIdOf(state), ...(instructionId === undefined ? {} : { instructionId }) }];
}

/** Closes what is open: the message, tools, a retry, a compaction; then the turn. */
function close(state: TranslatorState, outcome: RunOutcome): SessionEvent[] {
  const events = dropMessage(state, 'The turn ended before the message was complete');
  if (state.failed) events.push(...completed(state.failed.message));
  state.failed = undefined;
  // No end of them was reported, so whether they did what they should is unknown.
  for (const callId of state.tools.keys()) events.push({ type: 'tool.ended', callId });
  state.tools.clear();
  events.push(...retryEnded(state), ...compactionLost(state));
  events.push({ type: 'turn.ended', turnId: turnIdOf(state), outcome, usage: usageOf(state.turn, 'turn') });
  return events;
}

/** Pi settled. It may have cancelled a dialog that has a timeout without reporting it. */
export function endTurn(state: TranslatorState, how: Omit<TurnEnd, 'pauseMs'>): SessionEvent[] {
  const withdrawn: SessionEvent[] = [];
  for (const dialog of state.dialogs.values()) {
    if (dialog.timed) withdrawn.push({ type: 'approval.withdrawn', approvalId: dialog.id });
  }
  state.dialogs.clear();
  onRest(state.trail);
  return [...withdrawn, ...close(state, turnOutcome(state.last, { ...how, pauseMs: state.pauseMs }))];
}

/** Everything before the next user message is done, and it opens a turn of its own. */
export function splitTurn(state: TranslatorState, next: NextTurn): SessionEvent[] {
  const { life, last, pauseMs } = state;
  const how = { interrupted: life.interrupting, lost: life.lost };
  const ended = next.rested ? endTurn(state, how) : close(state, turnOutcome(last, { ...how, pauseMs }));
  beginTurn(life);
  return [...ended, ...startTurn(state, next.instructionId)];
}

/** The process has ended. No events unless a turn was open, or a compaction before it. */
export function endAtExit(state: TranslatorState, exit: Exit): SessionEvent[] {
  if (!state.life.open) return compactionLost(state);
  state.life.open = false;
  const outcome = diedOutcome(exit, state.life.interrupting);
  return close(state, outcome);
}

/** A turn without an agent: its instruction was rejected, or an extension's command handled it. */
export function emptyTurn(state: TranslatorState, instructionId: string, refusal?: string): SessionEvent[] {
  if (state.life.open) return [];
  beginTurn(state.life);
  state.life.open = false;
  const turnId = turnIdOf(state);
  const outcome = refusal === undefined ? ({ status: 'succeeded' } as const) : refusedPrompt(refusal);
  return [
    { type: 'turn.started', turnId, instructionId },
    { type: 'turn.ended', turnId, outcome },
  ];
}

export function dropMessage(state: TranslatorState, reason: string): SessionEvent[] {
  const message = state.message;
  state.message = undefined;
  return message ? [...textWithoutDeltas(message, undefined), ...discarded(message, reason)] : [];
}

/** Pi retries the failed message, so its text is discarded. */
export function dropFailed(state: TranslatorState): SessionEvent[] {
  const failed = state.failed;
  state.failed = undefined;
  return failed ? discarded(failed.message, failed.reason) : [];
}
