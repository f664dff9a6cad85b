import type { EventLog, ReadOptions, StoredEvent } from '@runtime/contracts/log';
import { AgentRuntimeError } from '@runtime/contracts';
import { afterAll, expect, test } from 'vitest';
import { eventLogRequirements, type EventLogRequirement } from './requirements.ts';

/** One log under test, empty at first. */
export interface EventLogSubject {
  /** Opens the log. Called again for a persistent log, each time after the log before was closed. */
  open(): Promise<EventLog>;
  /** Removes the log's files. The suite has closed every log that it opened. */
  dispose(): Promise<void>;
}

/** Makes a new log for one test. */
export type MakeEventLogSubject = () => Promise<EventLogSubject>;

type Body = (log: EventLog, subject: EventLogSubject) => Promise<void>;

/**
 * Registers a test per requirement, and fails when a requirement has none. Requirements on reopening are for persistent
 * logs only.
 */
export class Verifier {
  readonly #make: MakeEventLogSubject;
  readonly #missing = new Set(Object.keys(eventLogRequirements));

  constructor(make: MakeEventLogSubject, persistent: boolean) {
    this.#make = make;
    for (const id of this.#missing) if (!persistent && id.startsWith('reopen.')) this.#missing.delete(id);
    afterAll(() => expect([...this.#missing]).toEqual([]));
  }

  verifies(id: EventLogRequirement, body: Body): void {
    this.#missing.delete(id);
    test(`${id}: ${eventLogRequirements[id][0]}`, async () => {
      const made = await this.#make();
      const opened: EventLog[] = [];
      const open = async () => {
        const log = await made.open();
        opened.push(log);
        return log;
      };
      try {
        await body(await open(), { ...made, open });
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
