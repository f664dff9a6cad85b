/** The writer with this epoch wrote the events after position `after`. */
export interface EpochEntry {
  readonly epoch: number;
  readonly after: number;
}

/**
 * Which writer wrote which positions: a cursor of a lost event is recognised by its epoch. One entry per opening for
 * writing.
 */
export class Epochs {
  #entries: EpochEntry[] = [];

  add(entry: EpochEntry): void {
    this.#entries.push(entry);
  }

  /** The latest epoch; 0 before the first opening for writing. */
  get last(): number {
    return this.#entries.at(-1)?.epoch ?? 0;
  }

  /** The epoch of the writer of this position; 0 for position 0. */
  of(position: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.after ?? Infinity) < position) low = middle + 1;
      else high = middle;
    }
    return this.#entries[low - 1]?.epoch ?? 0;
  }

  /** The first epoch after this one. */
  next(epoch: number): EpochEntry | undefined {
    return this.#entries.find((entry) => entry.epoch > epoch);
  }

  /** Entries from this one on. */
  since(epoch: number): readonly EpochEntry[] {
    return this.#entries.filter((entry) => entry.epoch >= epoch);
  }
}
