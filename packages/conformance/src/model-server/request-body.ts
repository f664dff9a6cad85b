import type { IncomingMessage } from 'node:http';

/** The request's body is over the cap; what had come was dropped. */
export class BodyTooLarge extends Error {}

/** Reads a body whole. Rejects with `BodyTooLarge` as soon as it passes `maxBytes`, without keeping the rest. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    const bytes: unknown = part;
    if (!Buffer.isBuffer(bytes)) continue;
    size += bytes.length;
    if (size > maxBytes) {
      // The answer can still be written; the rest is read away so that the client gets to see it.
      request.resume();
      throw new BodyTooLarge(`a request body may have ${maxBytes} bytes at most`);
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
