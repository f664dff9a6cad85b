import type { RunOutcome } from '@runtime/contracts';
import type { Exit, SessionEvent } from '@runtime/contracts/adapter';
import { beginTurn } from './life.ts';
import { onRest } from './instructions.ts';
import { completed, discarded, lastWords } from './messages.ts';
import { diedOutcome, refusedPrompt, turnOutcome } from './outcome.ts';
import { turnIdOf, type TranslatorState } from './state.ts';
import { noUsage, usageOf } from './usage.ts';

export function startTurn(state: TranslatorState, instructionId: string | undefined): SessionEvent[] {
  state.turn = noUsage();
  state.last = undefined;
  return [{ type: 'turn.started', turnId: turnIdOf(state), ...(instructionId === undefined ? {} : { instructionId }) }];
}

/** Closes what is open, then the turn. */
function close(state: TranslatorState, outcome: RunOutcome): SessionEvent[] {
  const events = dropMessage(state, 'the turn ended before it was complete');
  if (state.failed) events.push(...completed(state.failed.message));
  state.failed = undefined;
  for (const callId of state.tools.keys()) events.push({ type: 'tool.ended', callId, ok: false });
  state.tools.clear();
  events.push({ type: 'turn.ended', turnId: turnIdOf(state), outcome, usage: usageOf(state.turn, 'turn') });
  return events;
}

/** Pi rests. A dialog with a clock of its own may have been given up without a word. */
export function endTurn(state: TranslatorState, interrupted: boolean): SessionEvent[] {
  const withdrawn: SessionEvent[] = [];
  for (const dialog of state.dialogs.values()) {
    if (dialog.timed) withdrawn.push({ type: 'approval.withdrawn', approvalId: dialog.id });
  }
  state.dialogs.clear();
  onRest(state.trail);
  return [...withdrawn, ...close(state, turnOutcome(state.last, interrupted))];
}

/** A follow-up enters: what was asked before it is done, and it opens a turn of its own. */
export function splitTurn(state: TranslatorState, instructionId: string | undefined): SessionEvent[] {
  const ended = close(state, turnOutcome(state.last, false));
  beginTurn(state.life);
  return [...ended, ...startTurn(state, instructionId)];
}

/** The process is gone and will write no more. Nothing when it rested by then. */
export function endAtExit(state: TranslatorState, exit: Exit): SessionEvent[] {
  if (!state.life.open) return [];
  state.life.open = false;
  const outcome = diedOutcome(exit, state.life.interrupting);
  return close(state, outcome);
}

/** A turn that consists of nothing but its instruction: refused before it began, or done by a command of an extension. */
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
  return message ? [...lastWords(message, undefined), ...discarded(message, reason)] : [];
}

/** The failed message is written anew: what was shown of it does not count. */
export function dropFailed(state: TranslatorState): SessionEvent[] {
  const failed = state.failed;
  state.failed = undefined;
  return failed ? discarded(failed.message, failed.reason) : [];
}
