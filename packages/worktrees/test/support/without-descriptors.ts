/** A process without a free descriptor looks for the processes in a directory, and writes what came of it. */
import { openSync } from 'node:fs';
import { systemCode } from '@runtime/contracts';
import { processesIn } from '../../src/system/processes.ts';

const dir = process.argv[2] ?? '';
// Whatever is loaded at a first call is.
await processesIn(dir);
try {
  for (;;) openSync('/dev/null', 'r');
} catch (error) {
  if (systemCode(error) !== 'EMFILE') throw error;
}
const found = await processesIn(dir).then(JSON.stringify, (error: unknown) => systemCode(error) ?? String(error));
process.stdout.write(`${found}\n`);
