import type { NewEvent } from '@runtime/contracts/log';

/**
 * What a person would write to keep events in SQLite, synced at each commit. The index finds a stream's events and
 * refuses a revision that is taken, as our log does.
 */
export const setUp = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY, stream TEXT, revision INTEGER, time INTEGER, data TEXT,
    UNIQUE (stream, revision));`;
export const insert = 'INSERT INTO events (stream, revision, time, data) VALUES (?, ?, ?, ?)';

export interface Item {
  readonly stream: string;
  readonly event: NewEvent;
}

/** The rows of items, with the revisions counted. */
export class Rows {
  readonly #revisions = new Map<string, number>();

  of({ stream, event }: Item): [string, number, number, string] {
    const revision = (this.#revisions.get(stream) ?? 0) + 1;
    this.#revisions.set(stream, revision);
    return [stream, revision, Date.now(), JSON.stringify(event)];
  }
}
