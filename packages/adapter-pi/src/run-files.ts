import path from 'node:path';
import { readRecord, replaceFile } from '@runtime/adapter-kit/run';
import { z } from 'zod';

/** Where this adapter keeps its own files in a run's directory, beside the kit's. */
export const piRunFiles = (runDir: string) => ({
  /** What a later owner must know and Pi's output does not tell: its version. */
  record: path.join(runDir, 'pi.json'),
  /** One empty file per instruction that was handed to Pi, see `SentMarks`. */
  sent: path.join(runDir, 'sent'),
  /** The extension that asks before a tool runs, and the policy that it reads. */
  extension: path.join(runDir, 'pi', 'runtime-approvals.js'),
  policy: path.join(runDir, 'pi', 'approval-policy.json'),
  /** Pi's agent directory with `isolate`. */
  agentDir: path.join(runDir, 'agent'),
});

const recordSchema = z.looseObject({ version: z.string().max(200) });

export const writeVersion = (runDir: string, version: string): Promise<void> =>
  replaceFile(piRunFiles(runDir).record, JSON.stringify({ version }));

/** 'unknown' when the first owner died before it was written. */
export async function readVersion(runDir: string): Promise<string> {
  const found = await readRecord(piRunFiles(runDir).record, recordSchema).catch(() => undefined);
  return found?.version ?? 'unknown';
}
