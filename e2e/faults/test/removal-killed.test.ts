import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readOwner } from '@runtime/event-log/owner';
import { expect, inject, it } from 'vitest';
import { makeDesk } from '../src/cli.ts';
import { editing, serve } from '../src/editing.ts';

const rounds = 9;

it(
  'an owner that is killed again and again while tasks in worktrees end, are removed and their artifacts collected, loses nothing',
  { timeout: 300_000 * inject('slowness') },
  async () => {
    await using desk = await makeDesk({});
    const tasks = await editing(desk);
    for (let round = 1; round <= rounds; round += 1) {
      await tasks.round(await serve(desk), round, async () => {
        const owner = await readOwner(join(desk.dataDir, 'lock.db'));
        process.kill(owner!.pid, 'SIGKILL');
      });
    }
    const plane = await serve(desk);
    await tasks.expectAcknowledged(plane, async ({ id, outcome, worktree }, prompt) => {
      expect(outcome, `${prompt}, ${tasks.story}`).toEqual({ status: 'succeeded' });
      expect(await readFile(join(worktree!.dir, 'asked.txt'), 'utf8'), tasks.story).toBe(prompt);
      await tasks.expectArtifacts(plane, id, prompt);
    });
    const outcomes = new Set([...tasks.outcomes.values()].map((outcome) => JSON.stringify(outcome)));
    expect([...outcomes], tasks.story).toEqual(['{"status":"succeeded"}']);
    await tasks.expectTidy(plane);
    await plane.close();
  },
);
