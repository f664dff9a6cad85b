import { AgentRuntimeError } from '@runtime/contracts';

/** Lets so many functions run at once; the others wait for their turn, in the order of the calls. */
export class Turns {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Aborting ends the waiting for a turn with CANCELLED, and no function that runs. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next) next();
      else this.#free += 1;
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(take);
        reject(AgentRuntimeError.from(signal?.reason, 'CANCELLED'));
      };
      const take = (): void => {
        this.#waiting.delete(take);
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      this.#waiting.add(take);
      if (signal?.aborted) leave();
      else signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
