import type { SessionEvent } from '@runtime/contracts/adapter';
import type { PiMessage, PiRecord, PiRecordOf } from '../wire.ts';
import { approvalOf, dialogOf } from './dialogs.ts';
import { nextTurn, onAnswer, onQueue, onUserMessage } from './instructions.ts';
import { compactionEnded, compactionLost, compactionStarted } from './compactions.ts';
import { advance } from './life.ts';
import { completed, textWithoutDeltas, onUpdate, openMessage, type OpenMessage } from './messages.ts';
import { onEnd, onStart } from './models.ts';
import { lostAnswer, responseEvents } from './responses.ts';
import { autoRetryEnded, retryEnded, retryScheduled } from './retries.ts';
import { turnIdOf, type TranslatorState } from './state.ts';
import { toolAnswered, toolEnded, toolStarted, toolUpdated } from './tools.ts';
import { dropFailed, dropMessage, endTurn, splitTurn, startTurn } from './turns.ts';
import { addUsage, isUsed, usageOf } from './usage.ts';

/**
 * Translates one record of Pi's stdout into events, in the order in which the plane may append them. Changes `state` in
 * place and depends on nothing else: the same records, from the first one on, give the same events. Unknown records
 * give none.
 *
 * A turn lasts from the first `agent_start` until Pi settles, over retries, compactions and steers. A queued follow-up
 * ends the turn and opens the next one: Pi runs it in the same run of its own, but only after everything before it is
 * done. So does a prompt that came when Pi was idle.
 */
export function translate(state: TranslatorState, record: PiRecord): SessionEvent[] {
  if (record.type === 'message_update') {
    // The hot path. An increment shows that the agent has seen every instruction in the turn.
    const seen = onAnswer(state.trail);
    if (!state.message && state.life.open && state.life.lost) openNext(state); // the start of it was spoiled
    const events = state.message && state.life.open ? onUpdate(state.message, record) : [];
    return seen.length === 0 ? events : [...seen, ...events];
  }
  const lost = state.life.lost;
  const interrupted = state.life.interrupting || (record.type === 'agent_settled' && record.aborted === true);
  const change = advance(state.life, record);
  const started = change === 'started' ? startTurn(state, state.trail.starting[0]) : [];
  const unanswered = lostAnswer(state, record, change === 'rested' && lost);
  const rested = change === 'rested' ? endTurn(state, { interrupted, lost }) : [];
  return [...started, ...recordEvents(state, record), ...unanswered, ...rested];
}

function recordEvents(state: TranslatorState, record: PiRecord): SessionEvent[] {
  switch (record.type) {
    case 'response':
      return responseEvents(state, record);
    case 'agent_start':
      // A prompt that Pi did not queue begins a turn of its own: its run repeats no failed message.
      return [...compactionLost(state), ...(state.trail.starting.length > 0 ? [] : dropFailed(state))];
    case 'message_start':
      return messageStarted(state, record);
    case 'message_end':
      if (record.message.role === 'toolResult') return toolAnswered(state.tools, record.message);
      return record.message.role === 'assistant' && state.life.open ? messageEnded(state, record.message) : [];
    case 'turn_end':
      // Its message is still open if its end was spoiled.
      return state.message && state.life.open ? messageEnded(state, record.message) : [];
    case 'tool_execution_start':
      return toolStarted(state.tools, record);
    case 'tool_execution_update':
      return toolUpdated(state.tools, record);
    case 'tool_execution_end':
      for (const [id, dialog] of state.dialogs) if (dialog.callId === record.toolCallId) state.dialogs.delete(id);
      return toolEnded(state.tools, record);
    case 'queue_update':
      onQueue(state.trail, record.steering, record.followUp);
      return [];
    case 'auto_retry_start':
      state.pauseMs = record.delayMs;
      return [...dropFailed(state), ...retryScheduled(state, record)];
    case 'auto_retry_end':
      return autoRetryEnded(state, record);
    case 'summarization_retry_scheduled':
      return retryScheduled(state, record);
    case 'summarization_retry_finished':
      return retryEnded(state);
    case 'compaction_start':
      return compactionStarted(state, record);
    case 'compaction_end':
      return compactionEnded(state, record);
    case 'thinking_level_changed':
      state.model.thinking = record.level ?? state.model.thinking;
      return [];
    case 'extension_ui_request': {
      const dialog = dialogOf(record);
      if (!dialog || state.dialogs.has(dialog.id)) return [];
      state.dialogs.set(dialog.id, dialog);
      return [approvalOf(record, dialog)];
    }
    case 'message_update': // handled by the caller
    case 'agent_end':
    case 'agent_settled':
    case 'other':
    default:
      return [];
  }
}

function messageStarted(state: TranslatorState, { message }: PiRecordOf<'message_start'>): SessionEvent[] {
  if (message.role === 'user') return state.life.open ? userMessage(state) : [];
  if (message.role !== 'assistant') return [];
  const events = [
    ...dropMessage(state, 'Pi started another message before this one was complete'),
    ...dropFailed(state),
    ...onStart(state.model, message),
  ];
  openNext(state);
  return events;
}

function openNext(state: TranslatorState): OpenMessage {
  state.messages++;
  state.message = openMessage(`m${state.messages}`);
  return state.message;
}

function userMessage(state: TranslatorState): SessionEvent[] {
  const next = nextTurn(state.trail);
  // The first message of a turn splits nothing; it may be left in the queue from an earlier turn.
  const split = next && state.last !== undefined ? splitTurn(state, next) : [];
  return [...split, ...onUserMessage(state.trail, turnIdOf(state))];
}

function messageEnded(state: TranslatorState, end: PiMessage): SessionEvent[] {
  // Without a start: a repeated record, or one whose start was spoiled.
  if (!state.message && !state.life.lost && state.last !== undefined) return [];
  const { stopReason, errorMessage, timestamp } = end;
  state.last = { stopReason, errorMessage, timestamp };
  const failed = end.stopReason === 'error';
  const events = onEnd(state.model, end);
  if (!failed && end.stopReason !== 'aborted') events.push(...onAnswer(state.trail));
  const message = state.message ?? (state.life.lost ? openNext(state) : undefined);
  state.message = undefined;
  if (message) {
    events.push(...textWithoutDeltas(message, end.content));
    if (failed) state.failed = { message, reason: end.errorMessage ?? 'The model call failed' };
    else events.push(...completed(message));
  }
  if (isUsed(end.usage)) {
    addUsage(state.turn, end.usage);
    addUsage(state.total, end.usage);
    events.push({ type: 'usage.reported', usage: usageOf(state.total, 'cumulative') });
  }
  return events;
}
