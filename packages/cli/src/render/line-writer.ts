import type { TaskEventOf, TaskEventType } from '@runtime/contracts';
import type { Colours } from './output.ts';

/** How a line is written for one type of event; undefined where there is nothing to say. What it returns is sanitised. */
type LineWriter<T extends TaskEventType> = (
  event: TaskEventOf<T> & { readonly stream: string },
  colours: Colours,
  verbose: boolean,
) => string | undefined;

export type LineWriters = { readonly [T in TaskEventType]?: LineWriter<T> };
