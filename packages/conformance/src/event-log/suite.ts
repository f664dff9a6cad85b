import type { EventLog, ReadOptions, StoredEvent } from '@runtime/contracts/log';
import { AgentRuntimeError } from '@runtime/contracts';
import { afterAll, expect, test } from 'vitest';
import { eventLogRequirements, type EventLogRequirement } from './requirements.ts';

/** One log under test, empty at first. */
export interface EventLogSubject {
  /** Opens the log. Called again for a persistent log, each time after the log before was closed. */
  open(): Promise<EventLog>;
  /**
   * Opens the log for another writer while the one before is open, as a process does for which the lock was free. Needed
   * with the option `fenced`.
   */
  takeOver?(): Promise<EventLog>;
  /** Removes the log's files. The suite has closed every log that it opened. */
  dispose(): Promise<void>;
}

/** Makes a new log for one test. */
export type MakeEventLogSubject = () => Promise<EventLogSubject>;

/** A subject whose logs the suite closes. */
interface OpenedSubject extends EventLogSubject {
  takeOver(): Promise<EventLog>;
}

type Body = (log: EventLog, subject: OpenedSubject) => Promise<void>;

/** Which requirements hold for the log under test. */
export interface VerifierOptions {
  readonly persistent: boolean;
  readonly fenced: boolean;
}

/**
 * Registers a test per requirement, and fails when a requirement has none. Requirements on reopening are for persistent
 * logs only, and those on fencing for logs that can have several writers.
 */
export class Verifier {
  readonly #make: MakeEventLogSubject;
  readonly #missing = new Set(Object.keys(eventLogRequirements));

  constructor(make: MakeEventLogSubject, { persistent, fenced }: VerifierOptions) {
    this.#make = make;
    for (const id of this.#missing) {
      if ((!persistent && id.startsWith('reopen.')) || (!fenced && id.startsWith('fence.'))) this.#missing.delete(id);
    }
    afterAll(() => expect([...this.#missing]).toEqual([]));
  }

  verifies(id: EventLogRequirement, body: Body): void {
    this.#missing.delete(id);
    test(`${id}: ${eventLogRequirements[id][0]}`, async () => {
      const made = await this.#make();
      const opened: EventLog[] = [];
      const keep = async (opening: Promise<EventLog> | undefined) => {
        if (!opening) throw new Error('the subject has no takeOver');
        const log = await opening;
        opened.push(log);
        return log;
      };
      const open = () => keep(made.open());
      try {
        await body(await open(), { ...made, open, takeOver: () => keep(made.takeOver?.()) });
      } finally {
        for (const log of opened) await log.close();
        await made.dispose();
      }
    });
  }
}

/** All events that a read yields; fails when it yields an empty batch. */
export async function collect(log: EventLog, options: ReadOptions = {}): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const batch of log.read(options)) {
    expect(batch.length).toBeGreaterThan(0);
    events.push(...batch);
  }
  return events;
}

/** The first `count` events of a read that follows. */
export async function take(log: EventLog, count: number, options: ReadOptions = {}): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const batch of log.read({ ...options, follow: true })) {
    events.push(...batch);
    if (events.length >= count) break;
  }
  return events;
}

/** The `AgentRuntimeError` that the promise is rejected with; throws when it resolves or rejects with another error. */
export async function errorOf(promise: Promise<unknown>): Promise<AgentRuntimeError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!AgentRuntimeError.isInstance(error)) throw new Error(`expected an AgentRuntimeError, got ${String(error)}`);
  return error;
}

export function positions(events: readonly StoredEvent[]): number[] {
  return events.map((event) => event.position);
}
