import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { z } from 'zod';
import { formatFileName } from '../format/file-names.ts';
import { formatVersion, parseJson } from '../format/records.ts';
import { readFileUpTo, writeAtomically } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';

/** The FORMAT file. */
const formatFileSchema = z.looseObject({
  format: z.literal('runtime-event-log'),
  version: z.number().int().positive(),
  /** The number of the first segment, in a log whose first segments were pruned. */
  first: z.number().int().positive().default(1),
});
export type FormatFile = z.infer<typeof formatFileSchema>;

const formatText = `{"format":"runtime-event-log","version":${formatVersion}}`;

/** `first` is the number of the first segment. */
export async function writeFormatFile(fs: LogFs, dir: string, first = 1): Promise<void> {
  const text = first === 1 ? formatText : formatText.replace('}', `,"first":${first}}`);
  await writeAtomically(fs, dir, formatFileName, Buffer.from(`${text}\n`));
}

/** Undefined when there is none. Throws DATA_CORRUPT for a damaged one, UNSUPPORTED for a newer format. */
export async function readFormatFile(fs: LogFs, dir: string): Promise<FormatFile | undefined> {
  const bytes = await readFileUpTo(fs, join(dir, formatFileName), 4096);
  if (!bytes) return undefined;
  const parsed = formatFileSchema.safeParse(parseJson(bytes.toString()));
  if (!parsed.success) throw formatError(dir, 'damaged');
  if (parsed.data.version > formatVersion) {
    throw new AgentRuntimeError(
      'UNSUPPORTED',
      `the log has format ${parsed.data.version}, and this version reads formats up to ${formatVersion}`,
      {
        hint: 'use a newer version of @runtime/event-log',
        details: { version: parsed.data.version, supported: formatVersion },
      },
    );
  }
  return parsed.data;
}

/** For events beside no FORMAT file: it is durable before the first of them. */
export function formatError(dir: string, problem: 'damaged' | 'missing'): AgentRuntimeError {
  return new AgentRuntimeError('DATA_CORRUPT', `${join(dir, formatFileName)} is ${problem}`, {
    hint: `if the segments beside it are whole, write into it ${formatText}`,
    details: { file: formatFileName, offset: 0 },
  });
}
