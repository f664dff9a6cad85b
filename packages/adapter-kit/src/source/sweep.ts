/**
 * Looks at what nothing announces. All looks of this process are made in one wake, so that a thousand silent runs cost
 * as many wakes as one.
 */
export class Sweep {
  readonly #everyMs: number;
  readonly #looks = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Calls `look`, which is synchronous, cheap and does not throw, again and again, until the returned function is called. */
  add(look: () => void): () => void {
    this.#looks.add(look);
    this.#timer ??= setInterval(() => this.now(), this.#everyMs);
    return () => {
      this.#looks.delete(look);
      if (this.#looks.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Looks at once: something happened that is seen in no file. */
  now(): void {
    for (const each of this.#looks) each();
  }
}

/** The one of this process, for files that are followed: changes wake their readers, this is for what they missed. */
export const followedFiles = new Sweep(10_000);

/** Lets all readers of this process look at once: for an adapter that has ended processes, which is seen in no file. */
export const wakeReaders = (): void => followedFiles.now();
