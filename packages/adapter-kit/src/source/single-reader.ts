import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';

/**
 * The events of a session for one reader at a time, as `RuntimeSession.events` promises: a second reader is CONFLICT
 * until the first one leaves.
 * Make one for each session, read through it, and release it when the session is disposed.
 */
export class SingleReader {
  readonly #released = new AbortController();
  #isReading = false;

  /**
   * What `open` gives. `open` is called when the iteration begins, with a signal that aborts when `signal` does or the
   * session is released; its source ends without a throw then. Throws CONFLICT, at the first step, while another
   * iteration goes on.
   */
  async *read<T>(
    open: (signal: AbortSignal) => AsyncIterable<T>,
    { signal }: CallOptions = {},
  ): AsyncGenerator<T, void, undefined> {
    if (this.#isReading) throw new AgentRuntimeError('CONFLICT', 'the events of this session are being read already');
    this.#isReading = true;
    const released = this.#released.signal;
    try {
      yield* open(signal ? AbortSignal.any([signal, released]) : released);
    } finally {
      this.#isReading = false;
    }
  }

  /** Ends the iteration that goes on, and every later one, without a throw. The run is not touched. Repeatable. */
  release(): void {
    this.#released.abort();
  }
}
