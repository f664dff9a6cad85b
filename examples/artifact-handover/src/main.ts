/** One task makes a table, which a command checks; the next one, in another directory, goes on with what it delivered. */
import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { local } from '@runtime/adapter-local';
import { openControlPlane } from '@runtime/control-plane';

/** An agent that forgets the sum until somebody tells it. */
const clerk = local({
  id: 'clerk',
  command: [
    'sh',
    '-c',
    'printf "apples,3\\npears,4\\n" > table.csv; if grep -q "no sum"; then echo "sum,7" >> table.csv; fi',
  ],
});
/** And one that reports on whatever table it finds. */
const reporter = local({
  id: 'reporter',
  command: ['sh', '-c', 'echo "$(wc -l < table.csv) rows, $(tail -n 1 table.csv)"'],
});

await mkdir('first');
await mkdir('second');
const plane = await openControlPlane({ dataDir: resolve('data'), adapters: [clerk, reporter] });
try {
  const making = await plane.submit({
    prompt: 'Count the fruit into table.csv',
    workspace: 'first',
    runtimes: ['clerk'],
    deliverables: [{ glob: 'table.csv' }],
    check: { command: ['sh', '-c', 'grep -q "^sum," table.csv || { echo "table.csv has no sum"; exit 1; }'] },
  });
  assert.deepEqual(await making.outcome(), { status: 'succeeded' });
  for await (const event of making.events({ types: ['check.ended'] }))
    if (event.type === 'check.ended') console.log(`check ${event.round}: ${event.ok ? 'passed' : 'failed'}`);

  // The directory may go: what was delivered is kept.
  await rm('first', { recursive: true });
  for await (const artifact of making.artifacts()) {
    console.log(`${artifact.origin}: ${artifact.name}, ${artifact.bytes} bytes`);
    if (artifact.name === 'table.csv') await pipeline(artifact.body(), createWriteStream('second/table.csv'));
  }

  const reporting = await plane.submit({ prompt: 'Report', workspace: 'second', runtimes: ['reporter'] });
  let report = '';
  for await (const event of reporting.events()) if (event.type === 'output.delta') report += event.text;
  console.log(`report: ${report.trim()}`);
  assert.equal(report, '3 rows, sum,7\n');
} finally {
  await plane.close();
}
