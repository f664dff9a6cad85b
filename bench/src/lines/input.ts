/** As a pipe gives it. */
const chunkBytes = 64 * 1024;

/** JSON lines of this many bytes, line feed included, cut into chunks wherever they fall. */
export function jsonLines(lineBytes: number, totalBytes: number): Buffer[] {
  const frame = JSON.stringify({ type: 'message_update', n: 10_000_000, text: '' }).length + 1;
  const text = 'a line of what an agent says, with é and 好 in it; '.repeat(Math.ceil(lineBytes / 40));
  const lines: string[] = [];
  for (let bytes = 0, n = 10_000_000; bytes < totalBytes; bytes += lineBytes, n += 1) {
    const cut = Buffer.from(text)
      .subarray(0, lineBytes - frame)
      .toString('utf8')
      .replace('\uFFFD', '?');
    lines.push(`${JSON.stringify({ type: 'message_update', n, text: cut })}\n`);
  }
  return inChunks(Buffer.from(lines.join('')));
}

/** One JSON line of this many bytes. */
export function oneLine(bytes: number): Buffer[] {
  return inChunks(Buffer.from(`${JSON.stringify({ type: 'message_update', text: 'x'.repeat(bytes - 36) })}\n`));
}

function inChunks(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  return chunks;
}
