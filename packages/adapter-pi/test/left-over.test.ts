import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Stage } from './support/stage.ts';

test('of an ended run that was reaped, what recovery, a resumed run and people read is left, and nothing else', async () => {
  const approvals = { rules: [], default: 'ask', timeoutMs: 1000 } as const;
  await using stage = await Stage.start({}, { launch: { approvals }, pi: { isolate: true } });
  const first = await stage.say('Go.');
  await stage.until('turn.ended');
  const exit = await stage.session.stop();
  await stage.adapter.reap(stage.launch.handle);
  const left = ['agent', 'claim', 'exit.json', 'holder.json', 'pi.json', 'stderr.log', 'stdout.log'];
  expect((await readdir(stage.runDir)).sort()).toEqual(left);
  const session = await stage.recover();
  await stage.until('turn.ended');
  expect(stage.levels(first)).toContain('delivered');
  expect(await session.stop()).toEqual(exit);
});
