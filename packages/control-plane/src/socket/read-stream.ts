import { AgentRuntimeError } from '@runtime/contracts';
import type { ClientConnection } from './client-connection.ts';
import { request, type Reply } from './messages.ts';

/** Asks for a stream on a connection of its own, which makes the reader's pace the socket's. Aborting `signal` ends the iteration without a throw. */
export async function* readStream(
  connection: ClientConnection,
  method: string,
  params: Readonly<Record<string, unknown>>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly unknown[], void, undefined> {
  const queue: Reply[] = [];
  let failure: AgentRuntimeError | undefined;
  let wake = (): void => undefined;
  connection.listen({
    onReply: (reply) => {
      queue.push(reply);
      // While the reader does not pull, only the socket's own buffers fill up.
      connection.pause();
      wake();
    },
    onLost: (error) => {
      failure = error;
      wake();
    },
  });
  const aborted = (): void => wake();
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    connection.send(request(1, method, params));
    for (;;) {
      if (signal?.aborted) return;
      const reply = queue.shift();
      if (!reply) {
        if (failure) throw failure;
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        connection.resume();
        await woken;
        continue;
      }
      if ('error' in reply) throw AgentRuntimeError.fromData(reply.error.data);
      if ('result' in reply) return;
      yield reply.params.items;
    }
  } finally {
    signal?.removeEventListener('abort', aborted);
    connection.close();
  }
}
