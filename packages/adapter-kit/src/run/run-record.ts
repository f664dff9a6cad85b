import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { exitSchema, type Exit } from '@runtime/contracts/adapter';
import { z } from 'zod';
import { systemCode } from '@runtime/contracts';
import { processIdentitySchema } from '../process/identity.ts';
import { runPaths } from './run-paths.ts';

/** holder.json: who holds a run, and the agent's leader. An adapter with a holder of its own writes the same. */
export const holderRecordSchema = z.object({
  version: z.literal(1),
  runId: z.string(),
  holder: processIdentitySchema,
  agent: processIdentitySchema.extend({ pgid: z.int().min(2) }),
});
export type HolderRecord = z.infer<typeof holderRecordSchema>;

/** exit.json. `began: false`: the command could not be executed, and the code is the shell's (126, 127). */
export const exitRecordSchema = z.object({
  version: z.literal(1),
  began: z.boolean(),
  exit: exitSchema,
});
export type ExitRecord = z.infer<typeof exitRecordSchema>;

const maxRecordBytes = 64 * 1024;

/** Undefined when there is none, or when it is damaged: both mean that nothing is proven. */
export async function readHolderRecord(runDir: string): Promise<HolderRecord | undefined> {
  const found = await readRecord(runPaths(runDir).holder, holderRecordSchema);
  return found?.record;
}

/** With the time (Unix ms) at which the holder wrote it. Undefined as for `readHolderRecord`. */
export async function readExitRecord(
  runDir: string,
): Promise<{ readonly began: boolean; readonly exit: Exit; readonly endedAt: number } | undefined> {
  const found = await readRecord(runPaths(runDir).exit, exitRecordSchema);
  if (!found) return undefined;
  return { began: found.record.began, exit: found.record.exit, endedAt: Math.round(found.stats.mtimeMs) };
}

async function readRecord<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<{ readonly record: T; readonly stats: Stats } | undefined> {
  let text: string;
  let stats: Stats;
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      stats = await file.stat();
      if (!stats.isFile() || stats.size > maxRecordBytes) return undefined;
      text = await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  const record = schema.safeParse(parse(text));
  return record.success ? { record: record.data, stats } : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
