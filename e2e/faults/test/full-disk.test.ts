import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SubmitRequest } from '@runtime/contracts';
import { expect, inject, it, onTestFinished } from 'vitest';
import { makeDesk } from '../src/cli.ts';
import { canMountDisks, makeDisk } from '../src/disk.ts';
import { editing, serve } from '../src/editing.ts';

/** Writes all of its files, and ends when it is told to: what it needs room for is there before. */
const script = `
  cat > asked.txt; echo changed > kept.txt; head -c 100000 /dev/zero | tr "\\0" x > large.txt; echo begun
  touch "$1/$(cat asked.txt)"; until [ -e "$1/go" ]; do sleep 0.1; done; echo done
`;

it.runIf(await canMountDisks())(
  'a disk that is full when tasks in worktrees end takes nothing: they say why they wait, and end once there is room, as does what is asked meanwhile',
  { timeout: 120_000 * inject('slowness') },
  async () => {
    const signals = await mkdtemp(join(tmpdir(), 'signals-'));
    onTestFinished(() => rm(signals, { recursive: true }));
    await using disk = await makeDisk(96);
    await using desk = await makeDesk({}, disk.dir);
    const tasks = await editing(desk);
    const plane = await serve(desk);
    await tasks.work(plane, 1);
    const request = (prompt: string): SubmitRequest => ({
      prompt,
      definitions: {
        editor: { adapter: 'local', options: { command: ['sh', '-c', script, 'sh', signals], prompt: 'stdin' } },
      },
      runtimes: ['editor'],
      workspace: { git: desk.workspace, worktree: true },
      deliverables: [{ glob: 'asked.txt' }, { glob: 'large.txt' }],
    });
    const prompts = ['second', 'third'];
    const submitted = await Promise.all(prompts.map((prompt) => plane.submit(request(prompt))));
    const poll = { timeout: 30_000 * inject('slowness') };
    await expect.poll(() => prompts.every((prompt) => existsSync(join(signals, prompt))), poll).toBe(true);

    const makeRoom = await disk.fill();
    await writeFile(join(signals, 'go'), '');
    for (const task of submitted) {
      await expect
        .poll(() => task.status(), poll)
        .toMatchObject({
          runs: [{ outcome: { status: 'succeeded' } }],
          waitingFor: { kind: 'disk', text: expect.stringMatching(/no space left/i) },
        });
    }
    // The log has room of its own: both are recorded, and one of them makes room.
    const [old = ''] = tasks.prompts.keys();
    const asked = await plane.submit(request('fourth'));
    const removal = plane.task(old).remove();
    await makeRoom();

    await removal;
    for (const [at, task] of [...submitted, asked].entries()) {
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      await tasks.expectArtifacts(plane, task.id, [...prompts, 'fourth'][at] ?? '');
    }
    await expect(plane.task(old).status()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await plane.prune({ keep: 0 });
    for (const args of [['verify'], ['artifacts', 'verify']]) expect(await desk.run(args)).toMatchObject({ code: 0 });
    await tasks.git('fsck', '--strict', '--no-dangling');
    await plane.close();
  },
);
