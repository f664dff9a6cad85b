import { eventPieces, MessageText } from '@runtime/adapter-kit/source';
import type { RunOutcome } from '@runtime/contracts';
import type { SessionEvent } from '@runtime/contracts/adapter';
import type { ParrotRecord } from './wire.ts';

// #region skeleton-translate
/** Where the translation stands. Rebuilt by reading from the beginning, never stored. */
export interface TranslatorState {
  readonly instructionId: string;
  messages: number;
  message: MessageText | undefined;
}

/** The one turn of a run, and its instruction: the agent has it from the first. */
export const turnId = '1';
export const opening = (instructionId: string): SessionEvent[] => [
  { type: 'turn.started', turnId, instructionId },
  { type: 'instruction.accepted', instructionId },
  { type: 'instruction.delivered', instructionId, turnId },
];

/** All knowledge of the agent's dialect: a record in, events out. Nothing here waits, reads or writes. */
export function translate(state: TranslatorState, record: ParrotRecord | undefined): SessionEvent[] {
  if (!record) return []; // of a kind that is not known
  if (record.type === 'say') return say(state, record.text);
  if (record.type === 'end') return completeMessage(state);
  if (record.type === 'call') return [{ type: 'tool.started', callId: record.id, name: record.tool }];
  return [{ type: 'tool.ended', callId: record.id, ok: record.ok }];
}

function say(state: TranslatorState, text: string): SessionEvent[] {
  const events: SessionEvent[] = [];
  if (!state.message) {
    state.message = new MessageText();
    state.messages += 1;
    // What a parrot says at first is an answer to its one instruction.
    if (state.messages === 1) events.push({ type: 'instruction.observed', instructionId: state.instructionId });
  }
  state.message.append(text);
  const messageId = `m${state.messages}`;
  return [...events, ...eventPieces(text).map((piece) => ({ type: 'text.delta', messageId, text: piece }) as const)];
}

function completeMessage(state: TranslatorState): SessionEvent[] {
  if (!state.message) return [];
  const { message, messages } = state;
  state.message = undefined;
  return [{ type: 'message.completed', messageId: `m${messages}`, ...message.completed() }];
}

/** What an agent that has ended leaves open is closed, and its exit is the outcome. */
export function endTurn(state: TranslatorState, outcome: RunOutcome): SessionEvent[] {
  return [...completeMessage(state), { type: 'turn.ended', turnId, outcome }];
}
// #endregion
