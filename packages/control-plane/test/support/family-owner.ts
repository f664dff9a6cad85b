// Owns a data directory (argv), tells on its output what was acknowledged of the outbox, and waits to be killed.
import { openControlPlane } from '../../src/index.ts';
import { outbox, queued, sent } from './outbox.ts';

const [dataDir = '', batches = '', fill = ''] = process.argv.slice(2);
const plane = await openControlPlane({ dataDir, adapters: [], families: [outbox] });
await plane.state(outbox);
for (let batch = 0; batch < Number(batches); batch += 1) {
  await plane.append('outbox/a', [queued(`m-${batch}`), ...Array.from({ length: Number(fill) }, () => sent('none'))]);
  process.stdout.write(`m-${batch}\n`);
}
process.stdout.write('all\n');
setInterval(() => undefined, 60_000);
