import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LoadedConfig } from '../config/load.ts';

const ownerConfigSchema = z.looseObject({
  pid: z.int(),
  hash: z.string(),
  path: z.string().optional(),
});
export type OwnerConfig = z.infer<typeof ownerConfigSchema>;

const fileOf = (dataDir: string): string => join(dataDir, 'owner-config.json');

/** Leaves beside the log which configuration this process owns it with. It is for a note to people: nothing depends on it. */
export async function writeOwnerConfig(dataDir: string, { hash, path }: LoadedConfig): Promise<void> {
  const temporary = `${fileOf(dataDir)}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify({ pid: process.pid, hash, path })}\n`, { mode: 0o600 });
  await rename(temporary, fileOf(dataDir));
}

/** What the last owner left; undefined when there is nothing that can be read. Compare its pid with that of the owner who answers. */
export async function readOwnerConfig(dataDir: string): Promise<OwnerConfig | undefined> {
  const text = await readFile(fileOf(dataDir), 'utf8').catch(() => 'null');
  try {
    return ownerConfigSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
