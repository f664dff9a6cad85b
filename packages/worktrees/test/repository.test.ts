import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findWorktree, inspectRepository, repairWorktree, resolveBase } from '../src/index.ts';
import { ground } from './support/repository.ts';

describe('looking at a repository', () => {
  it('says where it is, what is checked out and whether it is bare', async () => {
    await using at = await ground();
    const head = (await at.git(['rev-parse', 'HEAD'])).trim();
    const commonDir = join(at.repository, '.git');
    const found = { commonDir, bare: false, root: at.repository, head, branch: 'main' };
    expect(await inspectRepository(join(at.repository, 'src/deep'), at.options)).toEqual(found);
    const { dir } = await at.add();
    expect(await inspectRepository(dir, at.options)).toEqual({ ...found, root: dir, branch: 'runtime/t1' });
    await using other = await ground({ bare: true });
    expect(await inspectRepository(other.repository, other.options)).toMatchObject({ bare: true, branch: 'main' });
  });

  it('refuses a directory that is not there, one in no repository, and one without a commit', async () => {
    await using at = await ground();
    await expect(inspectRepository(join(at.root, 'nowhere'), at.options)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(inspectRepository(at.root, at.options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      hint: expect.stringContaining('git init'),
    });
    await at.git(['init', '-q', 'empty']);
    await expect(inspectRepository(join(at.repository, 'empty'), at.options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { reason: 'noCommit' },
    });
  });

  it.runIf(process.getuid?.() === 0)("refuses one of another user, with git's own hint", async () => {
    await using at = await ground();
    execFileSync('chown', ['-R', '12345', at.repository]);
    await expect(inspectRepository(at.repository, at.options)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      hint: `git config --global --add safe.directory ${at.repository}`,
    });
  });

  it('needs a git, and one that is new enough', async () => {
    await using at = await ground();
    const old = join(at.root, 'old-git');
    await writeFile(old, '#!/bin/sh\necho git version 2.30.2\n');
    await chmod(old, 0o755);
    await expect(inspectRepository(at.repository, { ...at.options, git: old })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('2.33'),
    });
    await expect(inspectRepository(at.repository, { ...at.options, git: 'no-git' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      hint: expect.stringContaining('install git'),
    });
  });

  it('ends a git that hangs, after its timeout or by the signal', async () => {
    await using at = await ground();
    const slow = join(at.root, 'slow-git');
    await writeFile(slow, '#!/bin/sh\n[ "$1" = --version ] && exec git --version\nsleep 600\n');
    await chmod(slow, 0o755);
    const options = { ...at.options, git: slow };
    await expect(inspectRepository(at.repository, { ...options, timeoutMs: 200 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    const signal = AbortSignal.timeout(200);
    await expect(inspectRepository(at.repository, { ...options, signal })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    const aborted = AbortSignal.abort();
    await expect(inspectRepository(at.repository, { ...options, signal: aborted })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});

describe('the base', () => {
  it('is a commit by any name', async () => {
    await using at = await ground();
    const head = (await at.git(['rev-parse', 'HEAD'])).trim();
    await at.git(['tag', '-a', 'v1', '-m', 'a tag']);
    for (const name of [undefined, 'main', 'v1', head.slice(0, 10)])
      expect(await resolveBase(at.repository, name, at.options)).toBe(head);
  });

  it.each(['nowhere', '-h', '--all', '--git-dir', 'main:a.txt', ''])('is refused: %j', async (name) => {
    await using at = await ground();
    await expect(resolveBase(at.repository, name, at.options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('finding a worktree', () => {
  it('says when there is none, and when it is none of ours', async () => {
    await using at = await ground();
    await at.git(['worktree', 'add', '-q', '--lock', '../theirs']);
    for (const [dir, reason] of [
      [at.root, 'noWorktree'],
      [at.repository, 'noWorktree'],
      [join(at.root, 'nowhere/deep'), 'noWorktree'],
      [join(at.root, 'theirs'), 'notOurs'],
    ] as const)
      await expect(findWorktree(dir, at.options)).rejects.toMatchObject({ code: 'NOT_FOUND', details: { reason } });
  });

  it('says how to repair one whose repository was moved, and then finds it', async () => {
    await using at = await ground();
    const worktree = await at.add();
    const repository = join(at.root, 'moved');
    await rename(at.repository, repository);
    await expect(findWorktree(worktree.dir, at.options)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('git worktree repair'),
      details: { reason: 'moved' },
    });
    const repaired = await repairWorktree({ repository, dir: worktree.dir }, at.options);
    expect(repaired).toEqual({
      ...worktree,
      repository: join(repository, '.git'),
      gitDir: join(repository, '.git/worktrees/t1'),
    });
    expect(await findWorktree(worktree.dir, at.options)).toEqual(repaired);
  });

  it('says how to repair one that was moved itself, and then finds it', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await mkdir(join(at.root, 'elsewhere'));
    const dir = join(at.root, 'elsewhere/t1');
    await rename(worktree.dir, dir);
    await expect(findWorktree(dir, at.options)).rejects.toMatchObject({ details: { reason: 'moved' } });
    const { repository } = at;
    expect(await repairWorktree({ repository, dir }, at.options)).toEqual({ ...worktree, dir });
  });
});
