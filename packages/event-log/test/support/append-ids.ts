// Opens the log in the directory of its first argument and appends an event for each line of stdin. With a second
// argument it appends without being asked, events named after that argument. Prints the id of every event that was
// acknowledged, or of one that was refused, with the error's code. The line `touch-lock` opens and closes the lock's file.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AgentRuntimeError } from '@runtime/contracts';
import { openEventLog } from '../../src/index.ts';

const [dir = '', name] = process.argv.slice(2);
const log = await openEventLog({ dir, segmentBytes: 16 * 1024, preallocateBytes: 4096 });
process.stdout.write(`open ${log.epoch}\n`);

async function append(id: string): Promise<boolean> {
  try {
    await log.append('ids', [{ type: 'x', id, pad: 'x'.repeat(id.length * 37) }]);
    process.stdout.write(`kept ${id}\n`);
    return true;
  } catch (error) {
    process.stdout.write(`refused ${id} ${AgentRuntimeError.isInstance(error) ? error.code : String(error)}\n`);
    return false;
  }
}

if (name === undefined) {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'touch-lock') {
      await readFile(join(dir, 'lock.db'));
      process.stdout.write('touched\n');
    } else await append(line);
  }
} else {
  for (let n = 0; await append(`${name}-${n}`); n += 1);
}
await log.close();
