import { AgentRuntimeError } from '@runtime/contracts';

/** The chunks, until they are more than so many bytes: then it throws EXHAUSTED. */
export async function* atMost(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      throw new AgentRuntimeError('EXHAUSTED', `it has more than ${maxBytes} bytes`, {
        details: { reason: 'maxBytes', maxBytes },
        retry: 'never',
      });
    }
    yield chunk;
  }
}
