import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { manifestIn, packages, root } from '../lib/packages.ts';
import { entries } from './entries.ts';

export const folder = join(root, 'etc/api');
const file = join(folder, 'released.json');
const releasedSchema = z.record(z.string(), z.string());

interface Surfaces {
  /** Package to digest of its checked-in reports. */
  readonly now: Readonly<Record<string, string>>;
  /** The same at the last release. */
  readonly released: Readonly<Record<string, string>>;
  readonly changesets: readonly string[];
}

export function readSurfaces(): Surfaces {
  const released = releasedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return { now: digests(), released, changesets: changesets() };
}

/** The packages whose surface changed since the last release, and that no changeset names. */
export function unannounced({ now, released, changesets: texts }: Surfaces): string[] {
  const named = new Set(texts.flatMap(namesIn));
  return Object.entries(now).flatMap(([name, digest]) => (released[name] === digest || named.has(name) ? [] : [name]));
}

/** Makes the reports of today those of the last release. */
export function writeReleased(): void {
  writeFileSync(file, `${JSON.stringify(digests(), undefined, 2)}\n`);
}

function digests(): Record<string, string> {
  return Object.fromEntries(
    packages.map((name) => {
      const hash = createHash('sha256');
      for (const entry of entries.filter((each) => each.package === name)) {
        hash.update(readFileSync(join(folder, `${entry.name}.api.md`)));
      }
      return [manifestIn(`packages/${name}`).name, hash.digest('hex')];
    }),
  );
}

function changesets(): string[] {
  const folderOfChangesets = join(root, '.changeset');
  return readdirSync(folderOfChangesets)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .map((name) => readFileSync(join(folderOfChangesets, name), 'utf8'));
}

/** The packages in the front matter of a changeset: lines such as `'@runtime/cli': minor`. */
function namesIn(changeset: string): string[] {
  const frontMatter = /^---\n([\s\S]*?)\n---/.exec(changeset)?.[1] ?? '';
  return [...frontMatter.matchAll(/^['"]?([^'":\s]+)['"]?:/gm)].map((match) => match[1] ?? '');
}
