import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const notesSchema = z.looseObject({ version: z.string().max(200) });

const fileOf = (runDir: string): string => path.join(runDir, 'pi.json');

/** Keeps for a later owner what Pi's own output does not tell: its version. */
export async function writeVersion(runDir: string, version: string): Promise<void> {
  const draft = `${fileOf(runDir)}.tmp`;
  await writeFile(draft, JSON.stringify({ version }), { mode: 0o600 });
  await rename(draft, fileOf(runDir));
}

/** 'unknown' when its owner died before it was written. */
export async function readVersion(runDir: string): Promise<string> {
  try {
    return notesSchema.parse(JSON.parse(await readFile(fileOf(runDir), 'utf8'))).version;
  } catch {
    return 'unknown';
  }
}
