import { setImmediate } from 'node:timers/promises';
import { AgentRuntimeError } from '@runtime/contracts';
import type { EventFamily, EventLog, StoredEvent } from '@runtime/contracts/log';
import { Mutex } from '../waiting/mutex.ts';
import { whyUnsaved } from './why-unsaved.ts';

/**
 * One family's state over a log: its last snapshot, and every event after it. It reads the log when it is asked, so an
 * owner that never asks pays nothing, and the state is by its making what a fold of the log gives.
 */
export class FamilyFold<State = unknown> {
  readonly #log: EventLog;
  readonly #family: EventFamily<State>;
  readonly #mutex = new Mutex();
  #state: State;
  /** Up to here every event is in the state; undefined until it is asked for. */
  #position: number | undefined;
  #savedAt = 0;
  #failure: AgentRuntimeError | undefined;
  #warned = false;

  constructor(log: EventLog, family: EventFamily<State>) {
    this.#log = log;
    this.#family = family;
    this.#state = family.initial;
  }

  get name(): string {
    return this.#family.name;
  }

  get version(): string {
    return this.#family.version;
  }

  /**
   * The state with every event that readers can see now. Throws INTERNAL once the fold threw. Aborting `signal` leaves
   * the state where it is.
   */
  read(signal: AbortSignal): Promise<State> {
    return this.#mutex.run(async () => {
      if (this.#failure) throw this.#failure;
      const position = (this.#position ??= await this.#restore());
      for await (const events of this.#log.read({ after: this.#log.cursor(position), signal })) {
        for (const event of events) this.#apply(event);
        // Events from memory come without a turn of the loop.
        await setImmediate();
      }
      return this.#state;
    });
  }

  /** Brings the snapshot of a state that is in use up to the log. */
  async catchUp(signal: AbortSignal): Promise<void> {
    if (this.#position === undefined) return;
    try {
      await this.read(signal);
    } finally {
      await this.save(1);
    }
  }

  /** Saves what has been folded, where at least so many events are not in its snapshot. */
  save(worthSaving: number): Promise<void> {
    return this.#mutex.run(async () => {
      const position = this.#position ?? 0;
      if (position - this.#savedAt < worthSaving) return;
      const why = whyUnsaved(this.#state);
      if (why === undefined) {
        const snapshot = { version: this.version, position, state: this.#state };
        await this.#log.writeSnapshot(snapshotName(this.name), snapshot);
      } else
        this.#warnOnce(
          `the state of the family ${this.name} is not saved, and each opening folds the log again: ${why}`,
        );
      this.#savedAt = position;
    });
  }

  /** Resolves with the position of the last snapshot; 0, with the initial state, without one. */
  async #restore(): Promise<number> {
    const snapshot = await this.#log.readSnapshot(snapshotName(this.name), this.version);
    if (!snapshot) return 0;
    // Made by this very version of the fold; another version is not returned.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    this.#state = snapshot.state as State;
    this.#savedAt = snapshot.position;
    return snapshot.position;
  }

  #apply(event: StoredEvent): void {
    try {
      this.#state = this.#family.fold(this.#state, event);
    } catch (cause) {
      this.#failure = foldThrew(this.#family, event, cause);
      this.#warnOnce(this.#failure.rawMessage);
      throw this.#failure;
    }
    this.#position = event.position;
  }

  #warnOnce(message: string): void {
    if (this.#warned) return;
    this.#warned = true;
    process.emitWarning(message, 'AgentRuntimeWarning');
  }
}

/** Beside those of the tasks. */
const snapshotName = (family: string): string => `family-${family}`;

const foldThrew = ({ name }: EventFamily, { type, position }: StoredEvent, cause: unknown): AgentRuntimeError =>
  new AgentRuntimeError('INTERNAL', `the fold of the family ${name} threw at ${type}, position ${position}`, {
    hint: 'correct the fold and open the plane again: the log has the events',
    details: { family: name, position, type },
    cause,
  });
