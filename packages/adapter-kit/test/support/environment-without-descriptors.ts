// Reads an environment file (argv) while no file can be opened. Run under a small limit of descriptors.
import { openSync } from 'node:fs';
import { buildEnvironment } from '../../src/run/index.ts';

try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  // none is left
}
const file = process.argv[2] ?? '';
const outcome = await buildEnvironment({ base: {}, file }).catch((error: { code?: string }) => error.code);
process.stdout.write(JSON.stringify(outcome));
