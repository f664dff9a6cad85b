import { AgentRuntimeError } from '@runtime/contracts';
import type { ClientConnection } from './client-connection.ts';
import type { Reply } from './messages.ts';

/**
 * Pulls the items of the one stream of a connection. While the reader does not pull, only the socket's own buffers
 * fill up.
 */
export class StreamReader {
  readonly #connection: ClientConnection;
  readonly #signal: AbortSignal | undefined;
  readonly #replies: Reply[] = [];
  #failure: AgentRuntimeError | undefined;
  #wake = (): void => undefined;

  constructor(connection: ClientConnection, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted, { once: true });
    connection.listen({
      onReply: (reply) => {
        this.#replies.push(reply);
        connection.pause();
        this.#wake();
      },
      onLost: (error) => {
        this.#failure = error;
        this.#wake();
      },
    });
  }

  /** The next items, undefined at the end and once `signal` is aborted. Throws the error that ended the stream. */
  async next(): Promise<readonly unknown[] | undefined> {
    for (;;) {
      if (this.#signal?.aborted) return undefined;
      const reply = this.#replies.shift();
      if (reply) return itemsOf(reply);
      if (this.#failure) throw this.#failure;
      await this.#arrival();
    }
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.#connection.close();
  }

  #arrival(): Promise<void> {
    const arrival = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#connection.resume();
    return arrival;
  }

  readonly #aborted = (): void => this.#wake();
}

function itemsOf(reply: Reply): readonly unknown[] | undefined {
  if ('error' in reply) throw AgentRuntimeError.fromData(reply.error.data);
  return 'result' in reply ? undefined : reply.params.items;
}
