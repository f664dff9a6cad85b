import type { FileHandle } from 'node:fs/promises';
import { AgentRuntimeError, jsonDepthExceeds } from '@runtime/contracts';
import type { z } from 'zod';
import { openRegular } from './open-regular.ts';

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
  const handle = await openUnlessIrregular(file);
  if (!handle) return undefined;
  try {
    const { size, mtimeMs } = await handle.stat();
    if (size > maxRecordBytes) return undefined;
    const found = schema.safeParse(parse(await handle.readFile('utf8')));
    return found.success ? { record: found.data, writtenAt: Math.round(mtimeMs) } : undefined;
  } catch (error) {
    throw AgentRuntimeError.from(error, 'UNAVAILABLE');
  } finally {
    await handle.close();
  }
}

async function openUnlessIrregular(file: string): Promise<FileHandle | undefined> {
  try {
    return await openRegular(file);
  } catch (error) {
    if (AgentRuntimeError.isInstance(error) && error.code === 'INVALID_ARGUMENT') return undefined;
    throw error;
  }
}

function parse(text: string): unknown {
  if (jsonDepthExceeds(text, maxRecordDepth)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
