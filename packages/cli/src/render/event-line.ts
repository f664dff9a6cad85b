import type { TaskStreamEvent } from '@runtime/contracts';
import { lifeLines } from './life-lines.ts';
import type { LineStyle, LineWriters } from './line-writer.ts';
import { workLines } from './work-lines.ts';

const writers: LineWriters = { ...workLines, ...lifeLines };

/** The line of an event in the live view, sanitised; undefined for an event without one. */
export function describeLine(event: TaskStreamEvent, style: LineStyle): string | undefined {
  // The table pairs each type with its event; the index access loses that.
  const write = (Object.hasOwn(writers, event.type) ? writers[event.type] : undefined) as
    | ((event: TaskStreamEvent, style: LineStyle) => string | undefined)
    | undefined;
  return write?.(event, style);
}
