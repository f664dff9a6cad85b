import type { TaskStreamEvent } from '@runtime/contracts';
import type { Colours } from './output.ts';
import { lifeLines } from './life-lines.ts';
import type { LineWriters } from './line-writer.ts';
import { workLines } from './work-lines.ts';

const writers: LineWriters = { ...workLines, ...lifeLines };

/** The line a person sees for an event in the live view; undefined where there is none. Sanitised. */
export function describeLine(event: TaskStreamEvent, colours: Colours, verbose: boolean): string | undefined {
  // The table pairs each type with its own event; the index loses that.
  const write = writers[event.type] as
    | ((event: TaskStreamEvent, colours: Colours, verbose: boolean) => string | undefined)
    | undefined;
  return write?.(event, colours, verbose);
}
