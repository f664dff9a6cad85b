import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { addWorktree, preserveWorktree, removeWorktree, type Worktree } from '../src/index.ts';
import { processesIn } from '../src/system/processes.ts';
import type { Life } from './support/life.ts';
import { contentsOf, contentsOfCommit, ground, preservedAs, wantedOf, type Ground } from './support/repository.ts';

const script = fileURLToPath(new URL('support/life.ts', import.meta.url));

/** Starts a process that does one operation. It kills itself at the point, or is killed. */
function start(at: Ground, life: Life) {
  const args = ['--conditions=@runtime/source', '--no-warnings', script, JSON.stringify(life)];
  const child = spawn(process.execPath, args, { env: { ...at.options.env }, stdio: ['ignore', 'ignore', 'inherit'] });
  return { child, ended: once(child, 'close') };
}

/** Checks files out slowly: a filter waits, and says so by a file. */
async function slowCheckout(at: Ground, seconds: number): Promise<() => Promise<void>> {
  const filter = join(at.root, 'slow');
  await at.write('slow', `#!/bin/sh\ntouch ${at.root}/slow-began\nsleep ${seconds}\ncat\n`, at.root);
  await chmod(filter, 0o755);
  await at.git(['config', 'filter.slow.smudge', filter]);
  await at.write('.gitattributes', 'src/** filter=slow\n');
  await at.git(['add', '.gitattributes']);
  await at.git(['commit', '-q', '-m', 'slow']);
  return async () => {
    await expect.poll(async () => (await readdir(at.root)).includes('slow-began')).toBe(true);
  };
}

const never = 1_000_000;

describe('a process that is killed with -9', () => {
  it('while git checks out, with git going on: the next call waits for it and makes the worktree', async () => {
    await using at = await ground();
    const began = await slowCheckout(at, 0.5);
    const wanted = await wantedOf(at);
    const { child, ended } = start(at, { operation: 'add', wanted, ref: '', point: never });
    await began();
    child.kill('SIGKILL');
    await ended;
    expect(await readdir(join(at.root, 'trees'))).not.toContain('t1');
    const worktree = await addWorktree(wanted, { ...at.options, lockTimeoutMs: 30_000 });
    expect(await contentsOf(worktree.dir)).toEqual(await contentsOf(at.repository));
    expect(await readdir(join(at.root, 'trees'))).toEqual(['t1']);
    expect(await readdir(join(at.repository, '.git/worktrees'))).toEqual(['t1']);
  });

  it.runIf(process.platform === 'linux')('while git checks out, and git with it', async () => {
    await using at = await ground();
    const began = await slowCheckout(at, 1);
    const wanted = await wantedOf(at);
    const { child, ended } = start(at, { operation: 'add', wanted, ref: '', point: never });
    await began();
    const { processes } = await processesIn(join(at.root, 'trees'));
    expect(processes).not.toEqual([]);
    child.kill('SIGKILL');
    for (const { pid } of processes) process.kill(pid, 'SIGKILL');
    await ended;
    await at.git(['config', 'filter.slow.smudge', 'cat']);
    const worktree = await addWorktree(wanted, at.options);
    expect(await contentsOf(worktree.dir)).toEqual(await contentsOf(at.repository));
    expect(await at.git(['status', '--porcelain'], worktree.dir)).toBe('');
  });

  it('again and again while it preserves and removes: every file is there or preserved, and it ends', async () => {
    await using at = await ground();
    const wanted = await wantedOf(at);
    const worktree: Worktree = await addWorktree(wanted, at.options);
    for (let number = 0; number < 300; number += 1) await at.write(`new/${number}.txt`, `${number}`, worktree.dir);
    await symlink('a.txt', join(worktree.dir, 'link'));
    const files = await contentsOf(worktree.dir);
    const trees = join(at.root, 'trees');
    const ref = preservedAs();
    const expectAll = async (): Promise<void> => {
      const refs = (await at.git(['for-each-ref', '--format=%(objectname)', 'refs/runtime/preserved'])).trim();
      const kept = await Promise.all(
        refs
          .split('\n')
          .filter(Boolean)
          .map((commit) => contentsOfCommit(at, commit)),
      );
      for (const name of await readdir(trees)) kept.push(await contentsOf(join(trees, name)));
      expect(kept.some((each) => [...files].every(([path, content]) => each.get(path) === content))).toBe(true);
    };
    for (const operation of ['preserve', 'remove'] as const) {
      if (operation === 'remove') await preserveWorktree({ worktree, ref, message: 'kept' }, at.options);
      for (let delayMs = 150; delayMs < 550; delayMs += 40) {
        const { child, ended } = start(at, { operation, wanted, worktree, ref, point: never });
        await sleep(delayMs);
        child.kill('SIGKILL');
        await ended;
        await expectAll();
      }
    }
    await removeWorktree({ worktree, preserved: ref, branch: 'remove' }, { ...at.options, lockTimeoutMs: 10_000 });
    expect(await readdir(trees)).toEqual([]);
    expect(await readdir(join(at.repository, '.git/worktrees'))).toEqual([]);
    await expectAll();
    await at.git(['fsck', '--strict', '--no-dangling']);
  });
});

describe('a process that kills itself with -9', () => {
  it.each([1, 3, 5, 7])('leaves at point %i what the next call finishes', async (point) => {
    await using at = await ground();
    const wanted = await wantedOf(at);
    const dead = start(at, { operation: 'add', wanted, ref: '', point });
    expect((await dead.ended)[1]).toBe('SIGKILL');
    const worktree = await addWorktree(wanted, at.options);
    await at.write('new', 'new', worktree.dir);
    await preserveWorktree({ worktree, ref: preservedAs(), message: 'kept' }, at.options);
    const { ended } = start(at, { operation: 'remove', wanted, worktree, ref: preservedAs(), point: point * 2 });
    expect((await ended)[1]).toBe('SIGKILL');
    await removeWorktree({ worktree, preserved: preservedAs(), branch: 'remove' }, at.options);
    expect(await readdir(join(at.root, 'trees'))).toEqual([]);
  });
});
