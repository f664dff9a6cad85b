import { join } from 'node:path';
import { manifestIn, packages, root } from '../lib/packages.ts';

/** One entry of a package's `exports` that has types. */
export interface Entry {
  /** The folder in `packages`. */
  readonly package: string;
  /** `<package>` or `<package>.<entry>`: the report is `etc/api/<name>.api.md`. */
  readonly name: string;
  /** What users import. */
  readonly specifier: string;
  /** The absolute path of what the build declares for it. */
  readonly declarations: string;
}

export const entries: readonly Entry[] = packages.flatMap((name) => {
  const manifest = manifestIn(`packages/${name}`);
  return Object.entries(manifest.exports).flatMap(([path, entry]) => {
    if (typeof entry === 'string' || entry['types'] === undefined) return [];
    const subpath = path.slice(2);
    return {
      package: name,
      name: subpath === '' ? name : `${name}.${subpath.replaceAll('/', '.')}`,
      specifier: subpath === '' ? manifest.name : `${manifest.name}/${subpath}`,
      declarations: join(root, 'packages', name, entry['types']),
    };
  });
});
