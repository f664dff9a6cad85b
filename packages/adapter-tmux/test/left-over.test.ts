import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { tmux } from '../src/index.ts';
import { Stage, readAll, shown } from './support/stage.ts';

test('of an ended run that was reaped, what recovery and people read is left, and nothing else', async () => {
  await using stage = await Stage.open();
  const { handle, session } = await stage.bash('echo hello; exit 3');
  const events = await readAll(session);
  await session.stop();
  const adapter = tmux({ command: ['true'] });
  await adapter.reap(handle);
  expect((await readdir(handle.runDir)).sort()).toEqual([
    'claim',
    'exit.json',
    'holder.json',
    'notes.jsonl',
    'out.raw',
    'tmux.json',
  ]);
  const found = await adapter.recover(handle);
  expect(found.status).toBe('ended');
  if (!('session' in found)) return;
  const again = await readAll(found.session);
  expect(shown(again)).toBe(shown(events));
  expect(again.at(-1)).toEqual(events.at(-1));
  expect(await found.session.stop()).toEqual({ kind: 'exited', code: 3 });
});
