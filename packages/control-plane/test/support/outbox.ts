import { idSchema } from '@runtime/contracts';
import type { EventFamily, NewEvent, StoredEvent } from '@runtime/contracts/log';
import { z } from 'zod';

/** What a host has still to tell its user, and what it has told. */
export interface Outbox {
  readonly waiting: Readonly<Record<string, string>>;
  readonly sent: number;
  /** Of tasks, from their own streams. */
  readonly ended: number;
}

/** The family of a host that tells its user what its tasks say. */
export const outbox: EventFamily<Outbox> = {
  name: 'outbox',
  version: '1',
  schemas: {
    'outbox.queued': z.strictObject({ type: z.literal('outbox.queued'), id: idSchema, text: z.string() }),
    'outbox.sent': z.strictObject({ type: z.literal('outbox.sent'), id: idSchema }),
  },
  streams: ['outbox/', 'plane'],
  initial: { waiting: {}, sent: 0, ended: 0 },
  fold(state, event) {
    const id = String(event['id']);
    switch (event.type) {
      case 'outbox.queued':
        return { ...state, waiting: { ...state.waiting, [id]: String(event['text']) } };
      case 'outbox.sent': {
        const { [id]: _sent, ...waiting } = state.waiting;
        return { ...state, waiting, sent: state.sent + 1 };
      }
      case 'task.ended':
        return { ...state, ended: state.ended + 1 };
      default:
        return state;
    }
  },
};

export const queued = (id: string, text = 'hello'): NewEvent => ({ type: 'outbox.queued', id, text });
export const sent = (id: string): NewEvent => ({ type: 'outbox.sent', id });

/** What a family's state has to be after these events. */
export const folded = <State>(family: EventFamily<State>, events: readonly StoredEvent[]): State =>
  events.reduce((state, event) => family.fold(state, event), family.initial);
