import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { collect, FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { openOn } from '../support/fault-log.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Megabytes of buffers in use. A buffer is given back in a turn after the one in which it was found to be garbage. */
async function buffersInUse(): Promise<number> {
  for (let turns = 0; turns < 3; turns += 1) {
    collectGarbage();
    await nextTurn();
  }
  return process.memoryUsage().arrayBuffers / 1e6;
}

test('small appends keep their own bytes in memory, and not the pools of the buffers around them', async () => {
  const log = await openOn(new FaultFs());
  const before = await buffersInUse();
  for (let n = 0; n < 2000; n += 1) {
    await log.append('s', [{ type: 'x', n }]);
    // What else a process does: it uses up Node's pool of small buffers.
    Buffer.from('x'.repeat(20_000));
  }
  expect((await buffersInUse()) - before).toBeLessThan(16);
  expect(await collect(log)).toHaveLength(2000);
  await log.close();
});
