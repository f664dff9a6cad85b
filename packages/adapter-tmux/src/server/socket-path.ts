import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { socketDirectory } from '@runtime/adapter-kit/run';

/** Names a run's server and session after its directory, so that every owner of the run comes to the same name. */
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
