import { decodeHeader, headerBytes, type SegmentRecord } from '../format/records.ts';
import type { LogFile } from '../fs/log-fs.ts';

/** The header of an open segment; undefined when it is not whole. */
export async function headerIn(file: LogFile): Promise<SegmentRecord | undefined> {
  const bytes = Buffer.alloc(headerBytes);
  return decodeHeader(bytes.subarray(0, await file.read(bytes, 0)));
}
