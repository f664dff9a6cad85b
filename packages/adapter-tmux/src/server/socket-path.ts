import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { socketPathFor } from '@runtime/adapter-kit/run';
import { socketName } from '../run-files.ts';

/** Names a run's session after its directory, so that every owner of the run comes to the same name. */
export async function runName(runDir: string): Promise<string> {
  return createHash('sha256')
    .update(await realpath(runDir))
    .digest('hex')
    .slice(0, 24);
}

/**
 * Where the socket of a new server may be: in its run's directory, so that it neither ends with a login nor depends on
 * anybody's environment. It is recorded in tmux.json; nothing else ever looks for it.
 * Throws UNAVAILABLE when there is no safe place.
 */
export function socketPath(runDir: string): Promise<string> {
  return socketPathFor({ home: runDir, name: socketName });
}
