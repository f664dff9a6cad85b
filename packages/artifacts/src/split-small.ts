/** Either the whole content, in memory of its own, or all of its chunks. */
export type Taken = { readonly small: Buffer } | { readonly large: AsyncIterable<Uint8Array> };

/** Reads until the content has ended, or has more than `limit` bytes. */
export async function splitSmall(chunks: AsyncGenerator<Uint8Array, void, undefined>, limit: number): Promise<Taken> {
  const parts: Buffer[] = [];
  let bytes = 0;
  while (true) {
    const next = await chunks.next();
    if (next.done) return { small: Buffer.concat(parts, bytes) };
    if (bytes + next.value.byteLength > limit)
      return { large: rejoined(Buffer.concat(parts, bytes), next.value, chunks) };
    parts.push(Buffer.from(next.value));
    bytes += next.value.byteLength;
  }
}

async function* rejoined(
  head: Uint8Array,
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield head;
  yield first;
  yield* rest;
}
