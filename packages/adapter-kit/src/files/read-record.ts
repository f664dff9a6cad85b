import { AgentRuntimeError, jsonDepthExceeds } from '@runtime/contracts';
import type { z } from 'zod';
import { openStated, type StatedFile } from './open-regular.ts';

const maxRecordBytes = 64 * 1024;
const maxRecordDepth = 64;

/** A record, and when its file was last written. */
export interface DatedRecord<T> {
  readonly record: T;
  /** Unix ms. */
  readonly writtenAt: number;
}

/**
 * A small JSON file of a run, at most 64 KiB. Undefined when there is none or it is damaged (not JSON, not of the
 * schema, no regular file):
 * both prove nothing. Throws UNAVAILABLE when it cannot be read.
 */
export async function readRecord<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  return (await readDatedRecord(file, schema))?.record;
}

/** As `readRecord`, with the time at which it was written. */
export async function readDatedRecord<T>(file: string, schema: z.ZodType<T>): Promise<DatedRecord<T> | undefined> {
  const opened = await openUnlessIrregular(file);
  if (!opened) return undefined;
  const { handle, stats } = opened;
  const { size, mtimeMs } = stats;
  try {
    if (size > maxRecordBytes) return undefined;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, 0);
    const found = schema.safeParse(parse(buffer.toString('utf8', 0, bytesRead)));
    return found.success ? { record: found.data, writtenAt: Math.round(mtimeMs) } : undefined;
  } catch (error) {
    throw AgentRuntimeError.from(error, 'UNAVAILABLE');
  } finally {
    await handle.close();
  }
}

async function openUnlessIrregular(file: string): Promise<StatedFile | undefined> {
  try {
    return await openStated(file);
  } catch (error) {
    if (AgentRuntimeError.isInstance(error) && error.code === 'INVALID_ARGUMENT') return undefined;
    throw error;
  }
}

function parse(text: string): unknown {
  // A record that is blank until it is written.
  if (text.trim() === '') return undefined;
  if (jsonDepthExceeds(text, maxRecordDepth)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
