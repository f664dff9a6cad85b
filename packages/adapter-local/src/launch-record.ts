import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentRuntimeError, idSchema } from '@runtime/contracts';
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

const maxRecordBytes = 64 * 1024;

/**
 * Writes the prompt (0600). Whoever is first has the run directory: another start of the same run is CONFLICT,
 * so that it cannot change the prompt of an agent that is about to read it.
 */
export async function writePrompt(runDir: string, prompt: string): Promise<void> {
  try {
    await writeSynced(promptFile(runDir), prompt);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw AgentRuntimeError.from(error, 'UNAVAILABLE');
    throw new AgentRuntimeError('CONFLICT', 'the run was started before', { hint: 'a run directory is used once' });
  }
}

/** Durable and whole when it resolves. To be called by the one who wrote the prompt. */
export async function writeLaunchRecord(runDir: string, record: LaunchRecord): Promise<void> {
  const path = recordFile(runDir);
  try {
    await writeSynced(`${path}.tmp`, JSON.stringify(record));
    await rename(`${path}.tmp`, path);
  } catch (error) {
    throw AgentRuntimeError.from(error, 'UNAVAILABLE');
  }
}

/** Undefined when there is none or it is damaged. */
export async function readLaunchRecord(runDir: string): Promise<LaunchRecord | undefined> {
  try {
    const file = await open(recordFile(runDir), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await file.stat();
      if (size > maxRecordBytes) return undefined;
      return launchRecordSchema.safeParse(JSON.parse(await file.readFile('utf8'))).data;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw AgentRuntimeError.from(error, 'UNAVAILABLE');
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
