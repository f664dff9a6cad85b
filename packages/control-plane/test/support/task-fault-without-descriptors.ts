// Looks at a task's environment file (argv) while no file can be opened. Run under a small limit of descriptors.
import { openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { taskSpecSchema } from '@runtime/contracts';
import { taskFault } from '../../src/attempt/task-fault.ts';

try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  // none is left
}
const spec = taskSpecSchema.parse({
  prompt: [{ type: 'text', text: 'go' }],
  workspace: tmpdir(),
  runtimes: [{ runtime: 'memory' }],
  env: { file: process.argv[2] },
});
const thrown = await taskFault(spec).catch((error: { code?: string }) => ({ thrown: error.code }));
process.stdout.write(JSON.stringify(thrown));
