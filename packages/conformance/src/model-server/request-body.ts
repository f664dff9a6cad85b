import type { IncomingMessage } from 'node:http';

/** The request's body exceeds the limit. */
export class BodyTooLarge extends Error {}

/** Reads a body into memory. Throws `BodyTooLarge` as soon as it exceeds `maxBytes`, and discards the rest. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    const bytes: unknown = part;
    if (!Buffer.isBuffer(bytes)) continue;
    size += bytes.length;
    if (size > maxBytes) {
      // The client reads the answer only after it has sent its whole body.
      request.resume();
      throw new BodyTooLarge(`a request body may have at most ${maxBytes} bytes`);
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
