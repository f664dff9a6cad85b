import { AgentRuntimeError } from '../base/errors.ts';

/** Where a reader stands: after `position`, as seen by the writer of `epoch`, in the log `logId`. */
export interface CursorParts {
  readonly logId: string;
  readonly epoch: number;
  readonly position: number;
}

const pattern = /^c1\.([a-z0-9]{1,40})\.(\d{1,15})\.(\d{1,15})$/;

/** Makes the text of a cursor. Cursors are opaque to readers; only a log makes and reads them. */
export function formatCursor(parts: CursorParts): string {
  return `c1.${parts.logId}.${parts.epoch}.${parts.position}`;
}

/**
 * Parses a cursor. Throws INVALID_ARGUMENT for text that is no cursor. Whether it belongs to a given log is that log's
 * to check.
 */
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
