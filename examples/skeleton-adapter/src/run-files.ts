import path from 'node:path';
import { readRecord, replaceFile, writeNew } from '@runtime/adapter-kit/run';
import { idSchema } from '@runtime/contracts';
import { z } from 'zod';

// #region skeleton-run-files
/** Where this adapter keeps its own files in a run's directory, beside the kit's. */
export const parrotRunFiles = (runDir: string) => ({
  prompt: path.join(runDir, 'prompt.txt'),
  record: path.join(runDir, 'parrot.json'),
});

/** What a later owner must know and the agent's output does not tell. No secrets, no prompt. */
const launchRecordSchema = z.object({ version: z.literal(1), instructionId: idSchema });
export type LaunchRecord = z.infer<typeof launchRecordSchema>;

/** The start that writes the prompt has the run: a second one throws CONFLICT here, before anything is spawned. */
export async function writeLaunch(runDir: string, prompt: string, record: LaunchRecord): Promise<void> {
  const files = parrotRunFiles(runDir);
  await writeNew(files.prompt, prompt, { durable: true });
  await replaceFile(files.record, JSON.stringify(record), { durable: true });
}

/** Undefined when there is none or it is damaged. */
export async function readLaunchRecord(runDir: string): Promise<LaunchRecord | undefined> {
  return readRecord(parrotRunFiles(runDir).record, launchRecordSchema);
}
// #endregion
