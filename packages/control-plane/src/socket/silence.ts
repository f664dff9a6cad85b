/** How long an owner may be silent while something is awaited of it, in ms. */
export interface Patience {
  /** Until it is asked whether it still answers. */
  readonly quietMs: number;
  /** Until it has answered that. */
  readonly answerMs: number;
}

interface Handlers {
  readonly ask: () => void;
  readonly giveUp: () => void;
}

/**
 * Notices, while something is awaited, that an owner does not answer any more: it is stopped, or hangs. What is awaited
 * may take as long as it likes while the owner answers that it is there.
 */
export class Silence {
  readonly #patience: Patience;
  readonly #handlers: Handlers;
  #awaited = 0;
  #timer: NodeJS.Timeout | undefined;
  #wasAsked = false;

  constructor(patience: Patience, handlers: Handlers) {
    this.#patience = patience;
    this.#handlers = handlers;
  }

  /** Something more is awaited; `settled` once for each. */
  awaits(): void {
    this.#awaited += 1;
    if (this.#awaited === 1) this.#wait();
  }

  settled(): void {
    this.#awaited -= 1;
    if (this.#awaited === 0) clearTimeout(this.#timer);
  }

  /** The owner has said something. */
  heard(): void {
    if (this.#awaited === 0) return;
    if (this.#wasAsked) this.#wait();
    else this.#timer?.refresh();
  }

  #wait(): void {
    this.#wasAsked = false;
    this.#within(this.#patience.quietMs, () => {
      this.#wasAsked = true;
      this.#within(this.#patience.answerMs, this.#handlers.giveUp);
      this.#handlers.ask();
    });
  }

  #within(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    if (this.#awaited > 0) this.#timer = setTimeout(then, ms);
  }
}
