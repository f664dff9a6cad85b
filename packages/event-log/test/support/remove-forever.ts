// Appends to the log in the directory of its argument and removes streams from it until it is killed, and prints what was
// acknowledged: `kept N`, and `removed STREAM`.
import { openEventLog } from '../../src/index.ts';

const log = await openEventLog({ dir: process.argv[2] ?? '', segmentBytes: 16 * 1024, preallocateBytes: 4096 });
process.stdout.write(`open ${log.epoch}\n`);
for (let n = 0; ; n += 1) {
  const stream = `task/${log.epoch}.${n}`;
  await log.append(stream, [{ type: 'x', pad: 'x'.repeat((n * 37) % 500) }, { type: 'y' }]);
  const { last } = await log.append('kept', [{ type: 'z', n, pad: 'z'.repeat((n * 13) % 90) }]);
  process.stdout.write(`kept ${last}\n`);
  if (n % 3 !== 0) continue;
  await log.removeStreams([stream]);
  process.stdout.write(`removed ${stream}\n`);
}
