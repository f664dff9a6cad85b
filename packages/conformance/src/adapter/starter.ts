// An owner in a process of its own: starts the run of its order, prints `started`, and waits to be killed.
import { readFile } from 'node:fs/promises';
import type { Launch } from '@runtime/contracts/adapter';
import type { AdapterHarness, HarnessContext } from './harness.ts';

const [module = '', order = ''] = process.argv.slice(2);
const { harness }: { harness: AdapterHarness } = await import(module);
const { context, launch }: { context: HarnessContext; launch: Launch } = JSON.parse(await readFile(order, 'utf8'));
const { adapter } = await harness.make(context);
const session = await adapter.start(launch);
if (session.capabilities.firstInstruction === 'send') await session.send(launch.instruction);
process.stdout.write('started\n');
setInterval(() => {}, 2 ** 30);
