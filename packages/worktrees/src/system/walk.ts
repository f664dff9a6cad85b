import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { systemCode } from '@runtime/contracts';
import { fileAt, type RawPath } from '../git/raw-path.ts';

/** What is in a directory. */
export interface Found {
  /** From the directory that is walked. */
  readonly path: RawPath;
  readonly kind: 'file' | 'directory' | 'special' | 'unreadable';
}

/** Everything in a directory and in those below it that `into` says, no link followed. One that is gone is nothing. */
export async function* walk(
  dir: string,
  { into }: { readonly into: (path: RawPath) => boolean },
): AsyncGenerator<Found, void, undefined> {
  const open: RawPath[] = [''];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const entries = await readdir(fileAt(dir, at), { withFileTypes: true, encoding: 'buffer' }).catch(
      (error: unknown) => {
        if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
        return undefined;
      },
    );
    if (entries === undefined) yield { path: at, kind: 'unreadable' };
    for (const entry of entries ?? []) {
      const path = `${at === '' ? '' : `${at}/`}${entry.name.toString('latin1')}`;
      const kind = kindOf(entry);
      yield { path, kind };
      if (kind === 'directory' && into(path)) open.push(path);
    }
  }
}

function kindOf(entry: Dirent<Buffer>): Found['kind'] {
  if (entry.isDirectory()) return 'directory';
  return entry.isFile() || entry.isSymbolicLink() ? 'file' : 'special';
}
