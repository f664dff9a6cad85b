import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
// Apart from the region, which the README shows whole.
// oxlint-disable-next-line import/no-duplicates
import { openReadOnlyPlane } from '@runtime/control-plane';
// #region minimal-host
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pi } from '@runtime/adapter-pi';
import { tmux } from '@runtime/adapter-tmux';
import { openControlPlane } from '@runtime/control-plane';

const claude = tmux({ id: 'claude', command: ['claude', '-p', '{prompt}'] });
// Outside of the workspace: agents clean theirs.
const dataDir = join(homedir(), '.local/state/haiku');
const plane = await openControlPlane({ dataDir, adapters: [pi(), claude] });
const task = await plane.submit({ prompt: 'Write a haiku about logs to haiku.txt', runtimes: ['pi', 'claude'] });
console.log(`plane.task('${task.id}') is this task, also after a restart`);
await task.steer('Sign it with your name');
for await (const event of task.events())
  if (event.type === 'text.delta' || event.type === 'output.delta') process.stdout.write(event.text);
console.log(await task.outcome());
await plane.close();
// #endregion

const log = await openReadOnlyPlane({ dataDir });
const { status, instructions } = await log.task(task.id).status();
assert.equal(status, 'succeeded');
assert.deepEqual(
  instructions.map(({ mode }) => mode),
  ['prompt', 'steer'],
);
assert.match(await readFile('haiku.txt', 'utf8'), /Pi$/m, 'it is signed');
await log.close();
