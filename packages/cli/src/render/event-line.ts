import type { TaskStreamEvent } from '@runtime/contracts';
import type { Colours } from './output.ts';
import { lifeLines } from './life-lines.ts';
import type { LineWriters } from './line-writer.ts';
import { workLines } from './work-lines.ts';

const writers: LineWriters = { ...workLines, ...lifeLines };

/** The line of an event in the live view, sanitised; undefined for an event without one. */
export function describeLine(event: TaskStreamEvent, colours: Colours, verbose: boolean): string | undefined {
  // The table pairs each type with its event; the index access loses that.
  const write = (Object.hasOwn(writers, event.type) ? writers[event.type] : undefined) as
    | ((event: TaskStreamEvent, colours: Colours, verbose: boolean) => string | undefined)
    | undefined;
  return write?.(event, colours, verbose);
}
