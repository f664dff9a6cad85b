/** Smaller chunks than this are gathered: a write for each would cost more than the copy. */
const smallBytes = 64 * 1024;

/**
 * The same bytes in blocks of at most `blockBytes`, most of which have that size. A block is not used any more when the
 * next is asked for.
 */
export async function* blocksOf(
  chunks: AsyncIterable<Uint8Array>,
  blockBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const gathered = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength;) {
      if (filled === 0 && chunk.byteLength - at >= smallBytes) {
        const block = chunk.subarray(at, at + blockBytes);
        at += block.byteLength;
        yield block;
        continue;
      }
      const part = chunk.subarray(at, at + blockBytes - filled);
      gathered.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled < blockBytes) continue;
      filled = 0;
      yield gathered;
    }
  }
  if (filled > 0) yield gathered.subarray(0, filled);
}
