import type { Acknowledgement, StoredEvent } from '@runtime/contracts/log';
import { collect, FaultFs, type DiskOperation } from '@runtime/conformance/event-log';
import type { EventLogOptions, JsonlEventLog } from '../../src/index.ts';
import { openOn } from './fault-log.ts';

/** One append of a workload. */
export interface Step {
  readonly stream: string;
  readonly count: number;
  readonly ack: Acknowledgement;
  /** Wait for it before the next one. */
  readonly wait: boolean;
}

export interface RecordedRun {
  readonly operations: readonly DiskOperation[];
  /** All events that were appended, as a log without faults holds them. */
  readonly events: readonly StoredEvent[];
  /** Last positions of the batches. */
  readonly ends: ReadonlySet<number>;
  /** What was acknowledged, and after how many operations. */
  readonly acknowledged: readonly { readonly at: number; readonly last: number; readonly ack: Acknowledgement }[];
}

export interface RecordOptions extends Partial<EventLogOptions> {
  /** Characters that each event is longer by. */
  readonly pad?: number;
  /** The most appends under way. */
  readonly atOnce?: number;
}

/**
 * Runs the steps, with snapshots on the way, and records every operation of the disk. Halfway the log is closed, or
 * with `abandon` left as a killed process leaves it, and opened again.
 */
export async function record(
  steps: readonly Step[],
  abandon = false,
  { pad = 0, atOnce = Infinity, ...options }: RecordOptions = {},
): Promise<RecordedRun> {
  const fs = new FaultFs();
  const acknowledged: { at: number; last: number; ack: Acknowledgement }[] = [];
  const ends = new Set([0]);
  const padding = pad > 0 ? { pad: 'x'.repeat(pad) } : {};
  const middle = Math.floor(steps.length / 2);
  await run(fs, steps.slice(0, middle), abandon);
  await run(fs, steps.slice(middle), false);
  const operations = [...fs.operations];
  const log = await openOn(fs, options);
  const events = await collect(log);
  await log.close();
  return { operations, events, ends, acknowledged };

  async function run(fs: FaultFs, steps: readonly Step[], abandon: boolean): Promise<void> {
    const log = await openOn(fs, options);
    const waiting: Promise<void>[] = [];
    const underWay = new Set<Promise<void>>();
    for (const step of steps) {
      const appended = append(log, step);
      waiting.push(appended);
      if (step.wait) await appended;
      underWay.add(appended);
      void appended.then(() => underWay.delete(appended));
      if (underWay.size >= atOnce) await Promise.race(underWay);
    }
    await Promise.all(waiting);
    if (abandon) return;
    await log.writeSnapshot('fold', { version: 'v1', position: log.head, state: { head: log.head } });
    await log.close();
  }

  async function append(log: JsonlEventLog, { stream, count, ack }: Step): Promise<void> {
    const events = Array.from({ length: count }, (_, n) => ({ type: 'x', n, ...padding }));
    const { last } = await log.append(stream, events, { ack });
    ends.add(last);
    acknowledged.push({ at: fs.operations.length, last, ack });
  }
}
