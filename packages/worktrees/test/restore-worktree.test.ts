import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preserveWorktree, restoreWorktree, type Worktree, type WorktreeOptions } from '../src/index.ts';
import { contentsOf, contentsOfCommit, files, ground, preservedAs, type Ground } from './support/repository.ts';

const preserve = (at: Ground, worktree: Worktree) =>
  preserveWorktree({ worktree, ref: preservedAs(), message: 'kept' }, at.options);

const restore = (at: Ground, worktree: Worktree, options: WorktreeOptions = {}) =>
  restoreWorktree({ worktree, preserved: preservedAs() }, { ...at.options, ...options });

async function expectBase(at: Ground, { dir, base }: Worktree): Promise<void> {
  const there = await contentsOf(dir);
  for (const [path, content] of Object.entries(files)) expect(there.get(path)).toBe(`- ${content}`);
  expect(await at.git(['status', '--porcelain'], dir)).toBe('');
  expect(await at.git(['rev-parse', 'HEAD'], dir)).toBe(`${base}\n`);
  expect(await at.git(['symbolic-ref', 'HEAD'], dir)).toBe('refs/heads/runtime/t1\n');
}

describe('restoring a worktree', () => {
  it('brings files, index, branch and HEAD back to the base; what is ignored stays', async () => {
    await using at = await ground();
    const worktree = await at.add();
    const { dir } = worktree;
    await at.write('a.txt', 'committed', dir);
    await at.git(['commit', '-q', '-a', '-m', 'the agent'], dir);
    await at.git(['switch', '-q', '-c', 'aside'], dir);
    await at.write('staged.txt', 'staged', dir);
    await at.git(['add', 'staged.txt'], dir);
    await at.write('new/file', 'new', dir);
    await at.write('build/out', 'ignored', dir);
    const { commit } = await preserve(at, worktree);
    expect(await restore(at, worktree)).toEqual({});
    await expectBase(at, worktree);
    expect((await readdir(dir)).sort()).toEqual(['.git', '.gitignore', 'a.txt', 'build', 'src']);
    expect((await contentsOfCommit(at, commit)).get('new/file')).toBe('- new');
    expect(await at.git(['log', '--format=%s', '-1', 'aside'])).toBe('the agent\n');
  });

  it.each(['--assume-unchanged', '--skip-worktree'])('finds a change that the index hides by %s', async (bit) => {
    await using at = await ground();
    const worktree = await at.add();
    await at.git(['update-index', bit, 'a.txt'], worktree.dir);
    await at.write('a.txt', 'hidden', worktree.dir);
    await preserve(at, worktree);
    await restore(at, worktree);
    await expectBase(at, worktree);
  });

  it('ends a merge and a rebase', async () => {
    await using at = await ground();
    const worktree = await at.add();
    const { dir } = worktree;
    await at.write('a.txt', 'ours', dir);
    await at.git(['commit', '-q', '-a', '-m', 'ours'], dir);
    await at.git(['switch', '-q', '--detach', worktree.base], dir);
    await at.write('a.txt', 'theirs', dir);
    await at.git(['commit', '-q', '-a', '-m', 'theirs'], dir);
    const theirs = (await at.git(['rev-parse', 'HEAD'], dir)).trim();
    await at.git(['switch', '-q', 'runtime/t1'], dir);
    await at.git(['rebase', theirs], dir).catch(() => undefined);
    await preserve(at, worktree);
    await restore(at, worktree);
    await expectBase(at, worktree);
    expect(await at.git(['status'], dir)).not.toMatch(/rebase|merg/);
  });

  it('takes away an index.lock that the agent left', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('a.txt', 'changed', worktree.dir);
    await preserve(at, worktree);
    await writeFile(join(worktree.gitDir, 'index.lock'), '');
    await restore(at, worktree, { lockTimeoutMs: 300 });
    await expectBase(at, worktree);
  });

  it('leaves repositories of their own where they are', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.git(['init', '-q', 'nested'], worktree.dir);
    await at.write('nested/file', 'nested', worktree.dir);
    await at.write('a.txt', 'changed', worktree.dir);
    await preserve(at, worktree);
    await restore(at, worktree);
    expect(await readFile(join(worktree.dir, 'nested/file'), 'utf8')).toBe('nested');
    expect(await readFile(join(worktree.dir, 'a.txt'), 'utf8')).toBe(files['a.txt']);
  });
});

describe('restoring is refused, and everything stays', () => {
  it('while something is not preserved', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await expect(restore(at, worktree)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await preserve(at, worktree);
    await at.write('new', 'new', worktree.dir);
    await expect(restore(at, worktree)).rejects.toMatchObject({ code: 'CONFLICT', details: { reason: 'changed' } });
    expect(await readFile(join(worktree.dir, 'new'), 'utf8')).toBe('new');
  });

  it.runIf(process.platform === 'linux')('while a process is in it', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    const child = spawn('sleep', ['600'], { cwd: worktree.dir, stdio: 'ignore' });
    try {
      await once(child, 'spawn');
      await expect(restore(at, worktree)).rejects.toMatchObject({ details: { reason: 'process' } });
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });

  it('in a worktree of another owner, or one whose branch is checked out elsewhere', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.git(['switch', '-q', '--detach'], worktree.dir);
    await at.git(['switch', '-q', 'runtime/t1']);
    await preserve(at, worktree);
    await expect(restore(at, { ...worktree, owner: 'x' })).rejects.toMatchObject({ details: { reason: 'notOurs' } });
    await expect(restore(at, worktree)).rejects.toMatchObject({ details: { reason: 'branch' } });
  });
});
