import path from 'node:path';
import { readRecord, replaceFile, writeNew } from '@runtime/adapter-kit/run';
import { idSchema } from '@runtime/contracts';
import { z } from 'zod';

/** Where this adapter keeps its own files in a run's directory, beside the kit's. */
export const localRunFiles = (runDir: string) => ({
  /** What a later owner must know and the output does not show. */
  record: path.join(runDir, 'launch.json'),
  /** The prompt; empty where the command has it in an argument. */
  prompt: path.join(runDir, 'prompt.txt'),
});

/** What nothing reads once the command has ended. */
export const localLeftovers: readonly string[] = Object.freeze(['prompt.txt']);

/** launch.json. No secrets and no prompt. */
const launchRecordSchema = z.object({
  version: z.literal(1),
  instructionId: idSchema,
  /** The command's own version. */
  agentVersion: z.string().max(200),
});
export type LaunchRecord = z.infer<typeof launchRecordSchema>;

/**
 * Writes the prompt (0600). The first start of a run has its directory: another one is CONFLICT,
 * so that it cannot change the prompt of an agent that is about to read it.
 */
export async function writePrompt(runDir: string, prompt: string): Promise<void> {
  await writeNew(localRunFiles(runDir).prompt, prompt);
}

/** Durable and whole when it resolves. Call it after `writePrompt`, which gives the right to. */
export async function writeLaunchRecord(runDir: string, record: LaunchRecord): Promise<void> {
  await replaceFile(localRunFiles(runDir).record, JSON.stringify(record), { durable: true });
}

/** Undefined when there is none or it is damaged. */
export async function readLaunchRecord(runDir: string): Promise<LaunchRecord | undefined> {
  return readRecord(localRunFiles(runDir).record, launchRecordSchema);
}
