// Imports the files of a directory (argv) while no file can be opened. Run under a small limit of descriptors.
import { openSync } from 'node:fs';
import { importFiles, memoryArtifactStore } from '../../src/index.ts';

try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  // none is left
}
const [dir = '', pattern = ''] = process.argv.slice(2);
const found = await importFiles(memoryArtifactStore(), { dir, patterns: [pattern] }).then(
  ({ unmatched }) => ({ unmatched }),
  (error: { code?: string }) => ({ thrown: error.code }),
);
process.stdout.write(JSON.stringify(found));
