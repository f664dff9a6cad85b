import { readFileSync } from 'node:fs';
import { defineConfig, type Options } from 'tsup';

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

/** How a package is bundled: one file for each source that its `exports` name, and for each program in `programs`. */
export function library(programs: readonly string[] = [], options: Options = {}): ReturnType<typeof defineConfig> {
  const { exports }: Manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const entries = Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' || entry['@runtime/source'] === undefined ? [] : [entry['@runtime/source']],
  );
  return defineConfig({
    entry: [...entries, ...programs],
    format: 'esm',
    target: 'node22',
    dts: false,
    sourcemap: true,
    clean: true,
    ...options,
  });
}
