import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Stage } from '../support/stage.ts';

test('a command of an extension, which begins no turn of the agent, gets a turn of its own', async () => {
  const program = fileURLToPath(new URL('../support/command-only.ts', import.meta.url));
  await using stage = await Stage.start(
    {},
    { pi: { command: [process.execPath, '--conditions=@runtime/source', program] } },
  );
  const instruction = await stage.say('/ask');
  await expect(stage.until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'succeeded' } });
  expect(stage.levels(instruction)).toEqual(['accepted', 'delivered']);
});
