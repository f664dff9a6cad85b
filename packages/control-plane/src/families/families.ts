import type { AppendOptions, AppendResult, EventFamily, EventLog, NewEvent } from '@runtime/contracts/log';
import type { FamilyPort } from '../client/family-port.ts';
import { checkedEvents } from './checked-events.ts';
import { FamilyFold } from './family-fold.ts';
import { knownFamily } from './known-family.ts';

/** The families that a plane was opened with, in the process that owns it. */
export class Families implements FamilyPort {
  readonly #log: EventLog;
  readonly #families: readonly EventFamily[];
  readonly #folds: readonly FamilyFold[];
  readonly #closing: AbortSignal;
  #appended: () => void = () => undefined;

  /** @param closing ends every reading of the log */
  constructor(log: EventLog, families: readonly EventFamily[], closing: AbortSignal) {
    this.#log = log;
    this.#families = families;
    this.#folds = families.map((family) => new FamilyFold(log, family));
    this.#closing = closing;
  }

  /** Calls back after every append. There is one listener. */
  onAppended(listener: () => void): void {
    this.#appended = listener;
  }

  async append(
    stream: string,
    events: readonly NewEvent[],
    options: Pick<AppendOptions, 'expected'>,
  ): Promise<AppendResult> {
    const result = await this.#log.append(stream, checkedEvents(this.#families, stream, events), options);
    this.#appended();
    return result;
  }

  async state<State>(family: EventFamily<State>): Promise<State> {
    // Name and version say which state it is.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return knownFamily(this.#folds, family).read(this.#closing) as Promise<State>;
  }

  /** Saves the states that are in use. A snapshot only saves time: after a failure the next opening folds more. */
  async save(): Promise<void> {
    for (const fold of this.#folds) await fold.catchUp(this.#closing).catch(() => undefined);
  }

  /** As `save`, of what has been folded already. */
  async saveAtClose(worthSaving: number): Promise<void> {
    for (const fold of this.#folds) await fold.save(worthSaving).catch(() => undefined);
  }
}
