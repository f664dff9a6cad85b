import type { AppendResult } from '@runtime/contracts';
import { LineBuffer } from './line-buffer.ts';

/** An append that waits for its acknowledgement. */
export interface PendingAppend {
  readonly stream: string;
  readonly count: number;
  readonly result: AppendResult;
  /** Where its lines begin and end in the group's bytes. */
  readonly start: number;
  readonly end: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/** What is written with one write: all appends that came while the write before was under way. */
export class Group {
  readonly lines = new LineBuffer();
  appends: PendingAppend[] = [];
  durable = false;
  /** Those who wait for a sync of everything before, without an append of their own. */
  barriers: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  get empty(): boolean {
    return this.appends.length === 0 && this.barriers.length === 0;
  }

  clear(): void {
    this.lines.clear();
    this.appends = [];
    this.barriers = [];
    this.durable = false;
  }
}
