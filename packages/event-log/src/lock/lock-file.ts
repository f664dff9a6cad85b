import { statSync } from 'node:fs';

/**
 * Which file a lock's path leads to, as `owner.json` says it: `<dev>:<ino>`; undefined where there is none. By name,
 * because a descriptor of its own would drop the lock when it is closed. While SQLite keeps the file open, no other file
 * gets its inode.
 */
export function lockFileAt(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found && `${found.dev}:${found.ino}`;
  } catch {
    return undefined;
  }
}
