import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { openControlPlane } from '@runtime/control-plane';
import { parrot } from './index.ts';

const plane = await openControlPlane({ dataDir: join(homedir(), '.parrot-host'), adapters: [parrot()] });
const task = await plane.submit({ prompt: 'Polly wants a cracker\n', runtimes: ['parrot'] });
let said = '';
for await (const event of task.events()) if (event.type === 'text.delta') said += event.text;
process.stdout.write(said);
assert.equal(said, 'Polly wants a cracker\n');
assert.deepEqual(await task.outcome(), { status: 'succeeded' });
await plane.close();
