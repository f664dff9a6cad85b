import { socketPathFor } from '@runtime/adapter-kit/run';

/**
 * Where an owner of this data directory would put its control socket now: `owner.sock` in it, or where that cannot be,
 * in one of the user's directories for sockets. Where the socket of a living owner is stands in `owner.json`.
 * Throws UNAVAILABLE when there is no safe place with a path that is short enough.
 */
export function socketPath(dataDir: string): Promise<string> {
  return socketPathFor({ home: dataDir, name: 'owner.sock' });
}
