import type { TaskEventOf, TaskEventType } from '@runtime/contracts';
import type { Mount } from '../mount.ts';
import type { Colours } from './output.ts';

/** How lines are written. */
export interface LineStyle {
  readonly colours: Colours;
  readonly verbose: boolean;
  /** How the program is called in commands to copy. */
  readonly program: string;
  /** Which commands it has. @default every one */
  readonly mount?: Mount | undefined;
}

/** Writes the line of one type of event, sanitised; undefined for an event without one. */
type LineWriter<T extends TaskEventType> = (
  event: TaskEventOf<T> & { readonly stream: string },
  style: LineStyle,
) => string | undefined;

/** The line writers by type of event. */
export type LineWriters = { readonly [T in TaskEventType]?: LineWriter<T> };
