import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { collect, FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { openOn } from '../support/fault-log.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Megabytes of buffers in use. */
function buffersInUse(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers / 1e6;
}

test('small appends keep their own bytes in memory, and not the pools of the buffers around them', async () => {
  const log = await openOn(new FaultFs());
  const before = buffersInUse();
  for (let n = 0; n < 2000; n += 1) {
    await log.append('s', [{ type: 'x', n }]);
    // What else a process does: it uses up Node's pool of small buffers.
    Buffer.from('x'.repeat(20_000));
  }
  // With the pools these are 45 MB; what the file system of the test keeps itself is a third of that.
  expect(buffersInUse() - before).toBeLessThan(30);
  expect(await collect(log)).toHaveLength(2000);
  await log.close();
});
