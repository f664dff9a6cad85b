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

/** The most bytes that `TaskHandle.putArtifact` takes as they are: more are in a file. */
export const maxPutBytes = 1024 * 1024;

/**
 * Bytes, at most `maxPutBytes`, or a regular file of this machine, of any size, by its path: the owner reads it before
 * the call resolves. A relative path is meant from the caller's directory.
 */
export type ArtifactSource = Uint8Array | { readonly file: string };

/** How an artifact is handed in. */
export interface PutArtifactOptions extends CallOptions {
  /** @default by the extension of the name */
  readonly mediaType?: string;
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
