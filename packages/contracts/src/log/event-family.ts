import type { z } from 'zod';
import type { StoredEvent } from './event-log.ts';

/**
 * Events that a package adds to the log: their schemas, and a fold of them. The control plane keeps its circuit
 * breakers as one.
 * A fold ignores events that it does not know.
 */
export interface EventFamily<State = unknown> {
  /** Also the name of its snapshot. */
  readonly name: string;
  /** Change it when the fold changes: older snapshots are then not read. */
  readonly version: string;
  /** By event type. */
  readonly schemas: Readonly<Record<string, z.ZodType>>;
  readonly initial: State;
  /** Pure: no clock, no effect, the same state for the same events. */
  fold(state: State, event: StoredEvent): State;
}
