import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { readHolderRecord, runPaths } from '@runtime/adapter-kit/run';
import { expect, test } from 'vitest';
import { PiOutput } from '../../src/read/pi-output.ts';
import { PiInput } from '../../src/say/pi-input.ts';
import { Stage } from '../support/stage.ts';

test('a stopped Pi whose input is full blocks neither a command of an interrupt nor a recovery', async () => {
  await using stage = await Stage.start({});
  const { handle } = stage.launch;
  const agent = (await readHolderRecord(stage.runDir))?.agent.pid ?? 0;
  process.kill(agent, 'SIGSTOP');
  fillFifo(stage);
  const output = new PiOutput(handle, { secrets: [] });
  const input = await PiInput.open(handle, output);
  await expect(input.ask('clear_queue', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await input.close();
  await output.close();
  expect((await stage.adapter.recover(handle)).status).toBe('live');
  process.kill(agent, 'SIGCONT');
});

/** Until nothing more can be written without waiting. */
function fillFifo(stage: Stage): void {
  const fifo = openSync(runPaths(stage.runDir).input, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(fifo, '\n'.repeat(4096));
  } catch {
    closeSync(fifo);
  }
}
