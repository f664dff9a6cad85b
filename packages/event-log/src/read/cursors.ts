import { AgentRuntimeError } from '@runtime/contracts';
import { formatCursor, parseCursor } from '@runtime/contracts/log';
import type { Epochs } from '../state/epochs.ts';

/** What a cursor is checked against. */
export interface Extent {
  readonly logId: string;
  readonly epochs: Epochs;
  /** The last position that was pruned away with its whole segment; 0 when the log is whole. */
  readonly origin: number;
  readonly head: number;
}

/** The cursor of a position. Throws INVALID_ARGUMENT for a position that the log has not reached. */
export function cursorAt(extent: Extent, position: number): string {
  if (!Number.isSafeInteger(position) || position < 0 || position > extent.head) {
    throw new AgentRuntimeError(
      'INVALID_ARGUMENT',
      `there is no position ${position}: the log ends at ${extent.head}`,
      {
        hint: 'make cursors of positions that were read or acknowledged',
      },
    );
  }
  return formatCursor({ logId: extent.logId, epoch: extent.epochs.of(position), position });
}

/**
 * The position to go on after. Throws NOT_FOUND with `details: { reason, nearest }` for a cursor that cannot be used,
 * INVALID_ARGUMENT for text that is no cursor.
 */
export function positionOf(extent: Extent, cursor: string | undefined): number {
  if (cursor === undefined) return extent.origin;
  if (cursor === 'now') return extent.head;
  const { logId, epoch, position } = parseCursor(cursor);
  if (logId !== extent.logId) throw unusable(extent, 'foreign', extent.origin, 'it belongs to another log');
  const next = extent.epochs.next(epoch);
  if (next && next.after < position) {
    throw unusable(extent, 'lost', next.after, `what epoch ${epoch} wrote after position ${next.after} was lost`);
  }
  if (position > extent.head || epoch > extent.epochs.last) {
    throw unusable(extent, 'future', extent.head, `the log ends at position ${extent.head}`);
  }
  // `cursor(0)` always means the beginning, whatever was pruned.
  if (position > 0 && position < extent.origin) {
    throw unusable(extent, 'pruned', extent.origin, `positions up to ${extent.origin} were pruned`);
  }
  return Math.max(position, extent.origin);
}

/** Throws NOT_FOUND, reason `lost`, for a reader whose cursor lies in a part of the log that was cut off since. */
export function assertNotLost(extent: Extent, cursor: string): void {
  const { position } = parseCursor(cursor);
  // Until the next epoch has written, only the shorter log shows that events were cut off.
  if (position > extent.head)
    throw unusable(extent, 'lost', extent.head, `what came after position ${extent.head} was lost`);
  positionOf(extent, cursor);
}

function unusable(extent: Extent, reason: string, position: number, why: string): AgentRuntimeError {
  const nearest = formatCursor({ logId: extent.logId, epoch: extent.epochs.of(position), position });
  return new AgentRuntimeError('NOT_FOUND', `this cursor cannot be read from: ${why}`, {
    hint: `go on from the nearest valid cursor, ${nearest}`,
    details: { reason, nearest },
  });
}
