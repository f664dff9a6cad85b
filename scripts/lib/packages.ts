import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const root = join(import.meta.dirname, '../..');

const entrySchema = z.union([z.string(), z.record(z.string(), z.string())]);
const repositorySchema = z.object({ type: z.literal('git'), url: z.string(), directory: z.string().optional() });
const names = z.record(z.string(), z.string()).default({});

const manifestSchema = z.object({
  name: z.string(),
  description: z.string().optional(),
  license: z.string(),
  keywords: z.array(z.string()).default([]),
  homepage: z.string().optional(),
  bugs: z.object({ url: z.string() }).optional(),
  repository: repositorySchema.optional(),
  engines: names,
  scripts: names,
  exports: z.record(z.string(), entrySchema).default({}),
  publishConfig: z.object({ access: z.string(), exports: z.record(z.string(), entrySchema) }).optional(),
  dependencies: names,
  peerDependencies: names,
  devDependencies: names,
});

export type Manifest = z.infer<typeof manifestSchema>;

/** The folders in `packages`, sorted. */
export const packages: readonly string[] = readdirSync(join(root, 'packages')).sort();

/** The package.json in `folder`, which is relative to the repository. */
export function manifestIn(folder: string): Manifest {
  return manifestSchema.parse(JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')));
}
