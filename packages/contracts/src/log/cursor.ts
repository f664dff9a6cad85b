import { AgentRuntimeError } from '../base/errors.ts';

/** Where a reader stands: after `position`, as seen by the writer of `epoch`, in the log `logId`. */
export interface CursorParts {
  readonly logId: string;
  readonly epoch: number;
  readonly position: number;
}

const pattern = /^c1\.([a-z0-9]{1,40})\.(\d{1,15})\.(\d{1,15})$/;

/** Cursors are opaque to readers; only a log makes and reads them. */
export function formatCursor(parts: CursorParts): string {
  return `c1.${parts.logId}.${parts.epoch}.${parts.position}`;
}

/** Throws INVALID_ARGUMENT when the text is no cursor. Whether it is a cursor of *this* log is the log's to say. */
export function parseCursor(text: string): CursorParts {
  const match = pattern.exec(text);
  if (!match) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `not a cursor: ${JSON.stringify(text.slice(0, 80))}`, {
      hint: 'pass a cursor that an earlier read returned, or leave it out to read from the beginning',
    });
  }
  const [, logId = '', epoch = '', position = ''] = match;
  return { logId, epoch: Number(epoch), position: Number(position) };
}
