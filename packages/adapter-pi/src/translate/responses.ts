import { idSchema } from '@runtime/contracts';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { stateOf, type PiRecord, type PiRecordOf } from '../wire.ts';
import { declined, isUnexplained, onAccepted, onCleared, onLateAnswer, onReopened } from './instructions.ts';
import { onState } from './models.ts';
import { turnIdOf, type TranslatorState } from './state.ts';
import { emptyTurn } from './turns.ts';

type Response = PiRecordOf<'response'>;

/** Ends the id of a `get_state` that asks what became of a prompt which began no turn. */
export const handledSuffix = '.handled';

/** Within the id of a `get_state`: this prompt was sent, and no answer to it is seen. */
export const sentSuffix = (id: string): string => `.sent-${id}`;

/** The prompt that the id of an answered `get_state` names, see `sentSuffix`. */
export const sentIn = (record: PiRecord): string | undefined =>
  record.type === 'response' ? /\.sent-([a-z0-9-]+)(?:\.|$)/.exec(record.id ?? '')?.[1] : undefined;

/**
 * The events of a prompt whose answer was spoiled: Pi got it if a user message started that no answer explains, since
 * one prompt at a time is without an answer. `isOver`: Pi is idle again, and would have answered.
 */
export function lostAnswer(state: TranslatorState, record: PiRecord, isOver: boolean): SessionEvent[] {
  const { trail } = state;
  const id = sentIn(record);
  if (id === undefined || trail.answered === id || !(isOver || isUnexplained(trail))) return [];
  trail.answered = id;
  if (isUnexplained(trail)) return onLateAnswer(trail, id, state.life.open ? turnIdOf(state) : undefined);
  return [{ type: 'instruction.unknown', instructionId: id, reason: "Foreign bytes spoiled Pi's answer to it" }];
}

/** The events of an answer to a command of this owner or an earlier one. */
export function responseEvents(state: TranslatorState, record: Response): SessionEvent[] {
  switch (record.command) {
    case 'get_state':
      return stateEvents(state, record);
    case 'prompt': {
      // The id of a prompt is always that of an instruction.
      const id = idSchema.safeParse(record.id).data;
      if (id === undefined) return [];
      state.trail.answered = id;
      return promptEvents(state, id, record);
    }
    case 'clear_queue':
      return record.success ? onCleared(state.trail, textsOf(record.data)) : [];
    case 'switch_session':
      return record.success ? onReopened(state.trail) : [];
    case undefined:
    default:
      return [];
  }
}

function stateEvents(state: TranslatorState, record: Response): SessionEvent[] {
  const now = stateOf(record);
  if (!now) return [];
  const events: SessionEvent[] = [];
  if (now.sessionId !== undefined && now.sessionId !== state.agentSessionId) {
    state.agentSessionId = now.sessionId;
    events.push({ type: 'session.opened', agentSessionId: now.sessionId });
  }
  events.push(...onState(state.model, now));
  const asked = record.id?.endsWith(handledSuffix) === true;
  if (asked && !now.isStreaming && !now.isCompacting && !state.life.open) {
    for (const id of state.trail.starting.splice(0)) events.push(...handled(state, id));
  }
  return events;
}

function promptEvents(state: TranslatorState, id: string, record: Response): SessionEvent[] {
  if (!record.success) {
    const error = record.error ?? 'Pi rejected the prompt without a reason';
    return [declined(id, error), ...emptyTurn(state, id, error)];
  }
  const disposition = dispositionOf(record.data);
  if (disposition === 'handled') return [{ type: 'instruction.accepted', instructionId: id }, ...handled(state, id)];
  return onAccepted(state.trail, id, state.life.open ? turnIdOf(state) : undefined, disposition);
}

/** An extension's command handled the prompt: the agent got no message, and Pi began no turn. */
function handled(state: TranslatorState, id: string): SessionEvent[] {
  const delivered: SessionEvent = { type: 'instruction.delivered', instructionId: id };
  const [started, ended] = emptyTurn(state, id);
  return started && ended ? [started, delivered, ended] : [delivered];
}

function dispositionOf(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || !('disposition' in data)) return undefined;
  return typeof data.disposition === 'string' ? data.disposition : undefined;
}

function textsOf(data: unknown): string[] {
  if (typeof data !== 'object' || data === null) return [];
  return Object.values(data)
    .flat()
    .filter((text): text is string => typeof text === 'string');
}
