import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import type { ArtifactStore, Content } from '@runtime/contracts/artifacts';

/** A content that was read from its first to its last byte. */
export interface VerifiedContent extends Content {
  /** DATA_CORRUPT where its bytes have changed, or why they cannot be read. */
  readonly problem?: AgentRuntimeError;
}

/** Reads every content of the store, and yields each with what is wrong with it. */
export async function* verifyArtifacts(
  store: ArtifactStore,
  options: CallOptions = {},
): AsyncGenerator<VerifiedContent, void, undefined> {
  for await (const content of store.contents(options)) {
    const problem = await problemOf(store, content.sha256, options);
    yield { ...content, ...(problem ? { problem } : {}) };
  }
}

async function problemOf(
  store: ArtifactStore,
  sha256: string,
  options: CallOptions,
): Promise<AgentRuntimeError | undefined> {
  try {
    for await (const _ of store.read(sha256, options));
    return undefined;
  } catch (error) {
    if (!AgentRuntimeError.isInstance(error) || options.signal?.aborted) throw error;
    // Removed since it was named.
    return error.code === 'NOT_FOUND' ? undefined : error;
  }
}
