import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { socketDirectory } from '@runtime/adapter-kit/run';

/**
 * Names a run's server and session after its directory: the same for every process that finds the run, and for no other
 * run.
 */
export async function runName(runDir: string): Promise<string> {
  return createHash('sha256')
    .update(await realpath(runDir))
    .digest('hex')
    .slice(0, 24);
}

/** The socket of a server, in the user's own directory for sockets. Throws UNAVAILABLE when there is no safe one. */
export async function socketPath(name: string): Promise<string> {
  const file = `t-${name}`;
  return path.join(await socketDirectory({ nameBytes: file.length }), file);
}
