import { randomUUID } from 'node:crypto';
import type { PiDialog } from '../pi-script.ts';
import { type Json, emit, stringOf } from './wire.ts';

/** The answer to a dialog: a value, `true` when confirmed, `false` when denied, undefined when cancelled. */
export type Answer = string | boolean | undefined;

/** Dialogs that wait for an answer. Only an answer or the dialog's own timeout ends one; an abort does not. */
export interface Dialogs {
  ask(dialog: PiDialog): Promise<Answer>;
  /** Answers a dialog. An unknown id is ignored without an error, as in Pi. */
  answer(response: Json): void;
}

export function createDialogs(): Dialogs {
  const open = new Map<string, (response: Json) => void>();
  return {
    ask: (dialog) =>
      new Promise((resolve) => {
        const id = randomUUID();
        const noAnswer = dialog.method === 'confirm' ? false : undefined;
        const timer =
          dialog.timeout === undefined || dialog.method === 'editor'
            ? undefined
            : setTimeout(() => {
                open.delete(id);
                resolve(noAnswer);
              }, dialog.timeout);
        open.set(id, (response) => {
          clearTimeout(timer);
          if (response['cancelled'] === true) resolve(noAnswer);
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
