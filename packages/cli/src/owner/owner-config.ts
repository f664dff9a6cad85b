import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LoadedConfig } from '../config/load.ts';

const ownerConfigSchema = z.looseObject({
  pid: z.int(),
  hash: z.string(),
  path: z.string().optional(),
});
/** Which configuration an owner was started with. */
export type OwnerConfig = z.infer<typeof ownerConfigSchema>;

const fileOf = (dataDir: string): string => join(dataDir, 'owner-config.json');

/** Records the configuration with which this process owns the data directory. Only a note to people uses it. */
export async function writeOwnerConfig(dataDir: string, { hash, path }: LoadedConfig): Promise<void> {
  const temporary = `${fileOf(dataDir)}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify({ pid: process.pid, hash, path })}\n`, { mode: 0o600 });
  await rename(temporary, fileOf(dataDir));
}

/** What the last owner recorded, or undefined. It concerns the current owner only if the pid is the same. */
export async function readOwnerConfig(dataDir: string): Promise<OwnerConfig | undefined> {
  const text = await readFile(fileOf(dataDir), 'utf8').catch(() => 'null');
  try {
    return ownerConfigSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
