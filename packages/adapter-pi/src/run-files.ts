import path from 'node:path';
import { readRecord, replaceFile } from '@runtime/adapter-kit/run';
import { z } from 'zod';

/** The files of this adapter in a run's directory, beside those of the kit. */
export const piRunFiles = (runDir: string) => ({
  /** What a later owner needs and cannot read from Pi's output: the version. */
  record: path.join(runDir, 'pi.json'),
  /** An empty file for each instruction that was sent, see `SentMarks`. */
  sent: path.join(runDir, 'sent'),
  /** The extension that asks before a tool runs, and the policy that it reads. */
  extension: path.join(runDir, 'pi', 'runtime-approvals.js'),
  policy: path.join(runDir, 'pi', 'approval-policy.json'),
  /** Pi's agent directory if `isolate` is set. */
  agentDir: path.join(runDir, 'agent'),
});

/** What nothing reads once Pi has ended; a resumed run reads the sessions in its agent directory. */
export const piLeftovers: readonly string[] = Object.freeze(['sent', 'pi']);

const recordSchema = z.looseObject({ version: z.string().max(200) });

export const writeVersion = (runDir: string, version: string): Promise<void> =>
  replaceFile(piRunFiles(runDir).record, JSON.stringify({ version }));

/** 'unknown' if the first owner died before writing it. */
export async function readVersion(runDir: string): Promise<string> {
  const found = await readRecord(piRunFiles(runDir).record, recordSchema).catch(() => undefined);
  return found?.version ?? 'unknown';
}
