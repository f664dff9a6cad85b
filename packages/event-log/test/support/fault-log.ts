import type { StoredEvent } from '@runtime/contracts/log';
import { collect, FaultFs, type DiskImage } from '@runtime/conformance/event-log';
import { openEventLog, type EventLogOptions, type JsonlEventLog } from '../../src/index.ts';
import type { LogFs } from '../../src/testing.ts';
import { noLock } from './no-lock.ts';

export const dir = '/data/log';
export const firstSegment = `${dir}/00000001.jsonl`;

/** Small on purpose: segments end and line feeds are written ahead within a few appends. */
export function openOn(fs: LogFs, options: Partial<EventLogOptions> = {}): Promise<JsonlEventLog> {
  return openEventLog({
    dir,
    fs,
    lock: noLock(),
    segmentBytes: 1500,
    preallocateBytes: 512,
    clock: () => 1_700_000_000_000,
    ...options,
  });
}

/** What a log on this disk holds, and how opening it went. */
export async function recover(
  image: DiskImage,
  options: Partial<EventLogOptions> = {},
): Promise<{ events: StoredEvent[]; fs: FaultFs; log: JsonlEventLog }> {
  const fs = new FaultFs(image);
  const log = await openOn(fs, options);
  const events = await collect(log);
  await log.close();
  return { events, fs, log };
}

/** The image with one file replaced. */
export function withFile(image: DiskImage, path: string, bytes: Uint8Array): DiskImage {
  return new Map([...image, [path, bytes]]);
}

/** The image without the files whose path contains this part. */
export function without(image: DiskImage, part: string): DiskImage {
  return new Map([...image].filter(([path]) => !path.includes(part)));
}

export function fileOf(image: DiskImage, path: string): Buffer {
  const bytes = image.get(path);
  if (!bytes) throw new Error(`no file ${path}`);
  return Buffer.from(bytes);
}

/** The bytes with one bit flipped. */
export function flip(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}
