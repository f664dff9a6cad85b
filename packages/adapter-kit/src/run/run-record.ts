import { exitSchema, type Exit } from '@runtime/contracts/adapter';
import { z } from 'zod';
import { readDatedRecord, readRecord } from '../files/read-record.ts';
import { processIdentitySchema } from '../process/identity.ts';
import { timeOfUptime, uptimeSchema } from '../process/uptime.ts';
import { runPaths } from './run-paths.ts';

/**
 * holder.json: the processes of a run's holder and of its agent. An adapter with a holder of its own writes the same.
 */
export const holderRecordSchema = z.object({
  version: z.literal(1),
  runId: z.string(),
  holder: processIdentitySchema,
  agent: processIdentitySchema.extend({ pgid: z.int().min(2) }),
  /** The most bytes of output; missing where nothing limits it. */
  maxOutputBytes: z.int().min(1).optional(),
});
export type HolderRecord = z.infer<typeof holderRecordSchema>;

/** exit.json. `began: false`: the command could not be executed, and the code is the shell's (126, 127). */
const exitRecordSchema = z.object({
  version: z.literal(1),
  began: z.boolean(),
  exit: exitSchema,
  /** Missing where the holder's system does not tell its uptime. */
  seenAt: uptimeSchema.optional(),
});

/**
 * Undefined when there is none, or when it is damaged: both mean that nothing is proven. Throws UNAVAILABLE when it
 * cannot be read.
 */
export async function readHolderRecord(runDir: string): Promise<HolderRecord | undefined> {
  return readRecord(runPaths(runDir).holder, holderRecordSchema);
}

/** How an agent ended, as its holder saw it. */
export interface ExitRecord {
  readonly began: boolean;
  readonly exit: Exit;
  /** Unix ms: when the holder saw the exit; where its record cannot say that any more, the time of the file. */
  readonly endedAt: number;
}

/**
 * The exit from the moment the holder has written it, before it is durable: a sync may take long. Undefined as for
 * `readHolderRecord`.
 */
export async function readExitRecord(runDir: string): Promise<ExitRecord | undefined> {
  const found = await readDatedRecord(runPaths(runDir).exit, exitRecordSchema);
  if (!found) return undefined;
  const { began, exit, seenAt } = found.record;
  return { began, exit, endedAt: seenAt ? await timeOfUptime(seenAt, found.writtenAt) : found.writtenAt };
}
