import { join } from 'node:path';
import { readRecord, replaceFile, writeNew } from '@runtime/adapter-kit/run';
import { idSchema } from '@runtime/contracts';
import { z } from 'zod';

/** launch.json: what another owner must know of the launch and cannot see. No secrets and no prompt. */
const launchRecordSchema = z.object({
  version: z.literal(1),
  instructionId: idSchema,
  /** The command's own version. */
  agentVersion: z.string().max(200),
});
export type LaunchRecord = z.infer<typeof launchRecordSchema>;

const recordFile = (runDir: string): string => join(runDir, 'launch.json');

/** Where the prompt of a run is. */
export const promptFile = (runDir: string): string => join(runDir, 'prompt.txt');

/**
 * Writes the prompt (0600). Whoever is first has the run directory: another start of the same run is CONFLICT,
 * so that it cannot change the prompt of an agent that is about to read it.
 */
export async function writePrompt(runDir: string, prompt: string): Promise<void> {
  await writeNew(promptFile(runDir), prompt, { durable: true });
}

/** Durable and whole when it resolves. To be called by the one who wrote the prompt. */
export async function writeLaunchRecord(runDir: string, record: LaunchRecord): Promise<void> {
  await replaceFile(recordFile(runDir), JSON.stringify(record), { durable: true });
}

/** Undefined when there is none or it is damaged. */
export async function readLaunchRecord(runDir: string): Promise<LaunchRecord | undefined> {
  return readRecord(recordFile(runDir), launchRecordSchema);
}
