import { expect, inject, it } from 'vitest';
import { makeDesk } from '../src/cli.ts';
import { canMountDisks, makeDisk } from '../src/disk.ts';
import { editing, serve } from '../src/editing.ts';

const rounds = process.env['RUNTIME_SOAK'] ? 40 : 5;

it.runIf(await canMountDisks())(
  'power that is cut again and again while tasks in worktrees end, are removed and their artifacts collected, takes nothing that was acknowledged',
  { timeout: 60_000 * rounds * inject('slowness') },
  async () => {
    await using disk = await makeDisk(512);
    await using desk = await makeDesk({}, disk.dir);
    const tasks = await editing(desk);
    await disk.sync();
    for (let round = 1; round <= rounds; round += 1) {
      await tasks.round(await serve(desk), round, () => disk.cutPower());
    }
    const acknowledged = new Map(tasks.outcomes);
    const plane = await serve(desk);
    await tasks.expectAcknowledged(plane, async ({ id, outcome }, prompt) => {
      // An agent whose power was cut may have failed, and a worktree is as the agent's own writes left it.
      const said = acknowledged.get(id);
      if (said) expect(outcome, `${prompt}, ${tasks.story}`).toEqual(said);
      if (said?.status !== 'succeeded') return;
      await tasks.expectPreserved(id, prompt);
      await tasks.expectArtifacts(plane, id, prompt);
    });
    await tasks.expectTidy(plane);
    await plane.close();
  },
);
