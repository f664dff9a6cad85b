import type { z } from 'zod';
import type { StoredEvent } from './event-log.ts';

/** The most bytes that one event of a family has as JSON (256 KiB). */
export const maxFamilyEventBytes = 256 * 1024;
/** The deepest nesting of the values in an event of a family. */
export const maxFamilyEventDepth = 64;
/** The most bytes that a family's state has as JSON where it is saved (4 MiB): writing more would hold its host up. */
export const maxFamilyStateBytes = 4 * 1024 * 1024;

/**
 * Facts that a package or a host keeps in the log: their schemas, and a fold of the log. A plane that was opened with
 * it appends its events and has its state: `openControlPlane({ families })`, `plane.append`, `plane.state`.
 */
export interface EventFamily<State = unknown> {
  /** Also the name of its snapshot. 1-40 lower-case letters, digits and dashes, and no other family's of the plane. */
  readonly name: string;
  /**
   * Change it when the fold changes, or what its state looks like: older snapshots are then not read, and the log is
   * folded from its beginning. At most 100 characters.
   */
  readonly version: string;
  /**
   * By event type: `noun.pastParticiple`, neither the plane's own nor another family's. What the schema makes of an
   * event is appended; it keeps `type`.
   */
  readonly schemas: Readonly<Record<string, z.ZodType>>;
  /**
   * Where its events may be appended: `plane`, or with a slash at the end all streams that begin so: `outbox/` for
   * `outbox/a`. Not the streams of tasks and runtimes, which have one writer each. The log keeps every stream in memory:
   * have one for each thing whose order counts, not for each fact.
   */
  readonly streams: readonly string[];
  /** The state before the first event. */
  readonly initial: State;
  /**
   * The state after an event. It gets every event of the log once, in order of position, also those of tasks, runtimes
   * and other families, and returns the same state for one that it does not know.
   * Cheap: it is called for every increment of every agent, and a copy of a large state takes its time each time.
   * Pure: no clock, no effect, neither the state nor the event changed. The state is JSON: what `JSON.parse` gives back.
   */
  fold(state: State, event: StoredEvent): State;
}
