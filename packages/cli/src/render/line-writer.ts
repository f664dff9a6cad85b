import type { TaskEventOf, TaskEventType } from '@runtime/contracts';
import type { Colours } from './output.ts';

/** Writes the line of one type of event, sanitised; undefined for an event without one. */
type LineWriter<T extends TaskEventType> = (
  event: TaskEventOf<T> & { readonly stream: string },
  colours: Colours,
  verbose: boolean,
) => string | undefined;

/** The line writers by type of event. */
export type LineWriters = { readonly [T in TaskEventType]?: LineWriter<T> };
