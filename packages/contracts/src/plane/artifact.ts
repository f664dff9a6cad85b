import { z } from 'zod';
import type { CallOptions } from '../base/call-options.ts';
import type { ReadContentOptions } from '../artifacts/artifact-store.ts';
import type { ArtifactOrigin, ArtifactRef } from '../vocabulary/artifact.ts';

/** An artifact of a task, with what is known of its making. */
export interface Artifact extends ArtifactRef {
  readonly taskId: string;
  /** `artifact://<taskId>/<name>`. */
  readonly uri: string;
  readonly origin: ArtifactOrigin;
  /** The run that made it, as far as is known: the last one before it was stored. */
  readonly runId?: string;
  /** Unix ms. */
  readonly storedAt: number;
  /**
   * Its bytes, verified as they are read: pipe them, or join the chunks. Throws NOT_FOUND for bytes that are gone and
   * DATA_CORRUPT for bytes that have changed, the latter before the last of them at the latest.
   */
  body(options?: ReadContentOptions): AsyncIterable<Uint8Array>;
}

/** How garbage is collected. */
export interface GarbageOptions extends CallOptions {
  /** Says what would be removed, and removes nothing. @default false */
  readonly dryRun?: boolean;
}

const count = z.int().min(0);
/** What a collection removed, or would: contents that no task names, and what is kept. */
export const garbageReportSchema = z.object({
  removed: count,
  removedBytes: count,
  kept: count,
  keptBytes: count,
});
export type GarbageReport = z.infer<typeof garbageReportSchema>;
