import { join } from 'node:path';
import { z } from 'zod';
import { claimedEpochs, claimName } from '../format/file-names.ts';
import { decodeRecord } from '../format/records.ts';
import { listIfThere, readFileUpTo } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';

const count = z.number().int().nonnegative();

/** How far a log is durable, as its writer notes in its claim. */
const extentSchema = z.object({
  log: z.literal('writer'),
  logId: z.string(),
  epoch: count,
  segment: count,
  position: count,
});
/** How far a log was durable. */
export interface Extent {
  readonly logId: string;
  /** The epoch whose first line was durable. */
  readonly epoch: number;
  /** The number of the segment that was written to. */
  readonly segment: number;
  readonly position: number;
}

/** A writer's claim to an epoch, as its file has it. */
export interface ClaimFile {
  readonly file: string;
  readonly epoch: number;
  /** Undefined until the writer has noted it, and when the file is damaged. */
  readonly extent: Extent | undefined;
}

/** The claims in the log's directory, by epoch. */
export async function readClaims(fs: LogFs, dir: string): Promise<ClaimFile[]> {
  const claims: ClaimFile[] = [];
  for (const epoch of claimedEpochs(await listIfThere(fs, dir))) {
    const file = claimName(epoch);
    const bytes = await readFileUpTo(fs, join(dir, file), 4096);
    const parsed = extentSchema.safeParse(bytes && decodeRecord(bytes));
    claims.push({ file, epoch, extent: parsed.success ? withoutKind(parsed.data) : undefined });
  }
  return claims;
}

function withoutKind({ logId, epoch, segment, position }: Extent): Extent {
  return { logId, epoch, segment, position };
}
