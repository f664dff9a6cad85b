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
});

const formatText = `{"format":"runtime-event-log","version":${formatVersion}}`;

export async function writeFormatFile(fs: LogFs, dir: string): Promise<void> {
  await writeAtomically(fs, dir, formatFileName, Buffer.from(`${formatText}\n`));
}

/** Throws DATA_CORRUPT when segments lie beside no FORMAT file or a damaged one, UNSUPPORTED for a newer format. */
export async function checkFormat(fs: LogFs, dir: string, hasSegments: boolean): Promise<void> {
  const bytes = await readFileUpTo(fs, join(dir, formatFileName), 4096);
  if (!bytes && !hasSegments) return;
  const parsed = formatFileSchema.safeParse(bytes && parseJson(bytes.toString()));
  if (!parsed.success) {
    throw new AgentRuntimeError('DATA_CORRUPT', `${join(dir, formatFileName)} is ${bytes ? 'damaged' : 'missing'}`, {
      hint: `if the segments beside it are whole, write into it ${formatText}`,
      details: { file: formatFileName, offset: 0 },
    });
  }
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
}
