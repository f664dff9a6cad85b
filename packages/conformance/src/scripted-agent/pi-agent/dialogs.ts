import { randomUUID } from 'node:crypto';
import type { PiDialog } from '../pi-script.ts';
import { type Json, emit, stringOf } from './wire.ts';

/** What was chosen: a value, `true` for a confirmed dialog; `false` for denied and undefined for cancelled. */
export type Answer = string | boolean | undefined;

/** Dialogs that wait for an answer. Nothing but an answer or the dialog's own timeout ends one: not even an abort. */
export interface Dialogs {
  ask(dialog: PiDialog): Promise<Answer>;
  /** An unknown id is ignored without a word, as Pi does. */
  answer(response: Json): void;
}

export function createDialogs(): Dialogs {
  const open = new Map<string, (response: Json) => void>();
  return {
    ask: (dialog) =>
      new Promise((resolve) => {
        const id = randomUUID();
        const nothing = dialog.method === 'confirm' ? false : undefined;
        const timer =
          dialog.timeout === undefined || dialog.method === 'editor'
            ? undefined
            : setTimeout(() => {
                open.delete(id);
                resolve(nothing);
              }, dialog.timeout);
        open.set(id, (response) => {
          clearTimeout(timer);
          if (response['cancelled'] === true) resolve(nothing);
          else if (dialog.method === 'confirm') resolve(response['confirmed'] === true);
          else resolve(stringOf(response, 'value'));
        });
        emit({ type: 'extension_ui_request', id, ...dialog });
      }),
    answer: (response) => {
      const id = stringOf(response, 'id') ?? '';
      const settle = open.get(id);
      open.delete(id);
      settle?.(response);
    },
  };
}
