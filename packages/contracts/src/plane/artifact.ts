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
