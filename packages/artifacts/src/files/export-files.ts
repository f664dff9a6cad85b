import { FsSafeError } from '@openclaw/fs-safe/errors';
import { root as openRoot } from '@openclaw/fs-safe/root';
import { AgentRuntimeError, artifactNameSchema, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { ArtifactStore } from '@runtime/contracts/artifacts';

/** A content, and the file that it becomes. */
export interface ExportedFile {
  /** Relative to the directory. */
  readonly name: string;
  readonly sha256: string;
}

/**
 * Writes contents as files into a directory that is there. Each appears whole, with all of its bytes verified, in
 * directories that are made for it; a link on the way is not followed. Throws CONFLICT for a file that is there already,
 * whatever is in it; INVALID_ARGUMENT for a name that leaves the directory; and what `read` throws. The files before it
 * stay.
 */
export async function exportFiles(
  store: Pick<ArtifactStore, 'read'>,
  files: readonly ExportedFile[],
  dir: string,
  { signal }: CallOptions = {},
): Promise<void> {
  for (const { name } of files) {
    if (!artifactNameSchema.safeParse(name).success)
      throw new AgentRuntimeError('INVALID_ARGUMENT', `${JSON.stringify(name).slice(0, 200)} is no name of a file`);
  }
  const root = await openRoot(dir).catch((cause: unknown) => {
    throw new AgentRuntimeError('NOT_FOUND', `there is no directory ${dir}`, { cause });
  });
  for (const { name, sha256 } of files) {
    throwIfAborted(signal);
    try {
      await root.create(name, store.read(sha256, signal ? { signal } : {}), {
        mkdir: true,
        durable: true,
        mode: 0o644,
        maxBytes: Infinity,
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      throw exportFailure(error, name);
    }
  }
}

function exportFailure(error: unknown, name: string): unknown {
  if (!(error instanceof FsSafeError)) return error;
  if (AgentRuntimeError.isInstance(error.cause)) return error.cause;
  const message = `cannot write ${JSON.stringify(name)}: ${error.message}`;
  if (error.code === 'already-exists') {
    const hint = 'export into an empty directory';
    return new AgentRuntimeError('CONFLICT', message, { hint, cause: error });
  }
  return new AgentRuntimeError(error.category === 'policy' ? 'INVALID_ARGUMENT' : 'UNAVAILABLE', message, {
    cause: error,
  });
}
