import type { AppendResult } from '@runtime/contracts/log';
import { LineBuffer } from '../format/line-buffer.ts';
import type { StreamEntry } from '../state/log-index.ts';

/** An append, and where its lines begin and end in the bytes of its group. */
export interface PendingAppend {
  readonly stream: StreamEntry;
  readonly count: number;
  readonly result: AppendResult;
  readonly start: number;
  readonly end: number;
}

/** A caller that waits for an acknowledgement. */
export interface Waiting<T> {
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
}

/** The appends of one write: all that came during the write before. */
export class Group {
  readonly lines = new LineBuffer();
  appends: PendingAppend[] = [];
  /** The callers of the appends, in the same order. */
  waiting: Waiting<AppendResult>[] = [];
  durable = false;
  /** It is written into a new segment. */
  rolls = false;
  /** Callers that wait for a sync of everything before, without an append of their own. */
  barriers: Waiting<void>[] = [];

  get empty(): boolean {
    return this.appends.length === 0 && this.barriers.length === 0;
  }

  rejectAll(error: unknown): void {
    for (const { reject } of this.waiting) reject(error);
    for (const { reject } of this.barriers) reject(error);
  }

  clear(): void {
    this.lines.clear();
    this.appends = [];
    this.waiting = [];
    this.barriers = [];
    this.durable = false;
    this.rolls = false;
  }
}
