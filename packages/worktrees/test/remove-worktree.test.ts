import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, open, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  preserveWorktree,
  removeWorktree,
  type Removed,
  type RemoveRequest,
  type Worktree,
  type WorktreeOptions,
} from '../src/index.ts';
import { contentsOfCommit, ground, preservedAs, type Ground } from './support/repository.ts';

const preserve = (at: Ground, worktree: Worktree) =>
  preserveWorktree({ worktree, ref: preservedAs(), message: 'kept' }, at.options);

const remove = (
  at: Ground,
  worktree: Worktree,
  more: Partial<RemoveRequest> = {},
  options: WorktreeOptions = {},
): Promise<Removed> => removeWorktree({ worktree, preserved: preservedAs(), ...more }, { ...at.options, ...options });

async function expectNothingLeft(at: Ground, { gitDir }: Worktree): Promise<void> {
  expect(await readdir(join(at.root, 'trees'))).toEqual([]);
  expect(await readdir(join(gitDir, '..'))).toEqual([]);
  expect(await at.git(['for-each-ref', 'refs/runtime/base'])).toBe('');
  await at.git(['fsck', '--strict', '--no-dangling']);
}

describe('removing a worktree', () => {
  it('takes its directory and what git knew of it, and keeps the branch and what was preserved', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('new', 'new', worktree.dir);
    const { commit } = await preserve(at, worktree);
    expect(await remove(at, worktree)).toEqual({ looked: true, branch: 'kept' });
    await expectNothingLeft(at, worktree);
    expect((await contentsOfCommit(at, commit)).get('new')).toBe('- new');
    expect(await at.git(['rev-parse', 'runtime/t1'])).toBe(`${worktree.base}\n`);
  });

  it('resolves again when it is gone', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    await remove(at, worktree, { branch: 'remove' });
    expect(await remove(at, worktree, { branch: 'remove' })).toEqual({ looked: true, branch: 'absent' });
  });

  it('takes the branch where it is asked for, and everything in it is preserved', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('a.txt', 'changed', worktree.dir);
    await at.git(['commit', '-q', '-a', '-m', 'the agent'], worktree.dir);
    await preserve(at, worktree);
    expect(await remove(at, worktree, { branch: 'remove' })).toEqual({ looked: true, branch: 'removed' });
    await expectNothingLeft(at, worktree);
    expect(await at.git(['branch', '--list', 'runtime/*'])).toBe('');
  });

  it('leaves a branch that a user has checked out', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.git(['switch', '-q', '--detach'], worktree.dir);
    await at.git(['switch', '-q', 'runtime/t1']);
    await preserve(at, worktree);
    expect(await remove(at, worktree, { branch: 'remove' })).toMatchObject({ branch: 'kept' });
    expect(await at.git(['branch', '--show-current'])).toBe('runtime/t1\n');
  });

  it('lets the same task have a worktree again where its branch went', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    await remove(at, worktree, { branch: 'remove' });
    expect(await at.add()).toMatchObject({ dir: worktree.dir });
  });

  it('never follows a link out, and takes read-only directories and names that are no UTF-8', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await mkdir(join(at.root, 'outside'));
    await writeFile(join(at.root, 'outside/file'), 'mine');
    await symlink(join(at.root, 'outside'), join(worktree.dir, 'link'));
    await at.write('build/cache/file', 'ignored', worktree.dir);
    await chmod(join(worktree.dir, 'build/cache'), 0o500);
    await writeFile(Buffer.concat([Buffer.from(`${worktree.dir}/`), Buffer.from([0xff, 0xfe])]), 'bytes');
    await preserve(at, worktree);
    await remove(at, worktree);
    await expectNothingLeft(at, worktree);
    expect(await readFile(join(at.root, 'outside/file'), 'utf8')).toBe('mine');
  });

  it('takes what git knew of it where the user removed its directory', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    await rm(worktree.dir, { recursive: true });
    await remove(at, worktree);
    await expectNothingLeft(at, worktree);
  });

  it('goes on deleting what was given up, whatever became of the ref since', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('new', 'new', worktree.dir);
    await preserve(at, worktree);
    const around: WorktreeOptions['around'] = async (step, work) => {
      if (step !== 'delete the files') return work();
      const [name = ''] = await readdir(join(at.root, 'trees'));
      await rm(join(at.root, 'trees', name, 'new'));
      throw new Error('stop');
    };
    await expect(remove(at, worktree, {}, { around })).rejects.toThrow('stop');
    await at.git(['update-ref', '-d', preservedAs()]);
    await remove(at, worktree);
    await expectNothingLeft(at, worktree);
  });

  it('leaves a directory that somebody made in its place', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    await rm(worktree.dir, { recursive: true });
    await at.write('mine', 'mine', worktree.dir);
    await remove(at, worktree);
    expect(await readFile(join(worktree.dir, 'mine'), 'utf8')).toBe('mine');
  });
});

describe('a removal is refused, and everything stays', () => {
  const refused = async (at: Ground, worktree: Worktree, reason: string): Promise<void> => {
    await expect(remove(at, worktree)).rejects.toMatchObject({ code: 'CONFLICT', details: { reason } });
    expect(await readdir(join(at.root, 'trees'))).toEqual(['t1']);
    await at.git(['status'], worktree.dir);
  };

  it('while nothing is preserved', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await expect(remove(at, worktree)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await at.git(['status'], worktree.dir);
  });

  it.each(['a file', 'a change', 'a commit', 'something staged'])(
    'while it has %s that is not preserved',
    async (what) => {
      await using at = await ground();
      const worktree = await at.add();
      await preserve(at, worktree);
      await at.write(what === 'a file' ? 'new' : 'a.txt', 'x', worktree.dir);
      if (what === 'a commit') await at.git(['commit', '-q', '-a', '-m', 'later'], worktree.dir);
      if (what === 'something staged') {
        await at.git(['add', '-A'], worktree.dir);
        await at.write('a.txt', 'one\ntwo\nthree\n', worktree.dir);
      }
      await refused(at, worktree, 'changed');
      await preserve(at, worktree);
      await remove(at, worktree);
      await expectNothingLeft(at, worktree);
    },
  );

  it('while a commit of it is in no branch and no file', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    await at.git(['commit', '-q', '--allow-empty', '-m', 'words alone'], worktree.dir);
    await refused(at, worktree, 'changed');
    await at.git(['checkout', '-q', '--detach'], worktree.dir);
    await rm(worktree.dir, { recursive: true });
    await expect(remove(at, worktree)).rejects.toMatchObject({ details: { reason: 'changed' } });
  });

  it('while there is something that no commit can keep', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.git(['init', '-q', 'nested'], worktree.dir);
    await at.write('nested/file', 'x', worktree.dir);
    await preserve(at, worktree);
    await refused(at, worktree, 'unpreserved');
  });

  it.runIf(process.platform === 'linux')('while a process has its working directory there', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    const child = spawn('sleep', ['600'], { cwd: join(worktree.dir, 'src'), stdio: 'ignore' });
    try {
      await once(child, 'spawn');
      await expect(remove(at, worktree)).rejects.toMatchObject({
        code: 'CONFLICT',
        details: { reason: 'process', processes: [{ pid: child.pid, by: 'cwd' }] },
      });
      await at.git(['status'], worktree.dir);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    await remove(at, worktree);
    await expectNothingLeft(at, worktree);
  });

  it.runIf(process.platform === 'linux')('while a process is in it, which never sees it move', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    const steps: string[] = [];
    const around: WorktreeOptions['around'] = (step, work) => {
      steps.push(step);
      return work();
    };
    const file = await open(worktree.dir, 'r');
    await expect(remove(at, worktree, {}, { around })).rejects.toMatchObject({ details: { reason: 'process' } });
    await file.close();
    expect(steps).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('while a process has a file of it open', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    const file = await open(join(worktree.dir, 'a.txt'), 'r+');
    await refused(at, worktree, 'process');
    await file.close();
    await remove(at, worktree);
  });

  it('when it belongs to another owner, or the user unlocked it', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    await expect(remove(at, { ...worktree, owner: 'another' })).rejects.toMatchObject({
      details: { reason: 'notOurs' },
    });
    await at.git(['worktree', 'unlock', worktree.dir]);
    await refused(at, worktree, 'notOurs');
  });

  it('while a lock of the repository is held, which is never taken away', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    const lock = join(at.repository, '.git/packed-refs.lock');
    await writeFile(lock, '');
    const removal = remove(at, worktree, { branch: 'remove' }, { lockTimeoutMs: 200 });
    await expect(removal).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      hint: expect.stringContaining(lock),
      details: { reason: 'locked' },
    });
    await rm(lock);
    expect(await remove(at, worktree, { branch: 'remove' })).toMatchObject({ branch: 'removed' });
    await expectNothingLeft(at, worktree);
  });

  it('when it names a git directory that is not one of a worktree', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    await expect(remove(at, { ...worktree, gitDir: at.repository })).rejects.toMatchObject({
      details: { reason: 'notOurs' },
    });
  });
});

describe('somebody who writes while it is removed', () => {
  const during = (step: string, work: () => Promise<unknown>): WorktreeOptions => ({
    around: async (name, run) => {
      if (name === step) await work();
      return run();
    },
  });

  it('has what they wrote preserved under a ref of its own', async () => {
    await using at = await ground();
    const worktree = await at.add();
    const { commit } = await preserve(at, worktree);
    const options = during('move aside', () => at.write('late', 'late', worktree.dir));
    const { late } = await remove(at, worktree, {}, options);
    await expectNothingLeft(at, worktree);
    expect(late?.ref).toBe(`${preservedAs()}-late`);
    expect((await contentsOfCommit(at, late?.commit ?? '')).get('late')).toBe('- late');
    expect(await at.git(['rev-parse', preservedAs()])).toBe(`${commit}\n`);
  });

  it.runIf(process.platform === 'linux')('has the worktree back when they are still in it', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    let child: ReturnType<typeof spawn> | undefined;
    const options = during('move aside', async () => {
      child = spawn('sleep', ['600'], { cwd: worktree.dir, stdio: 'ignore' });
      await once(child, 'spawn');
    });
    try {
      await expect(remove(at, worktree, {}, options)).rejects.toMatchObject({ details: { reason: 'process' } });
      expect(await at.git(['status', '--porcelain'], worktree.dir)).toBe('');
    } finally {
      child?.kill('SIGKILL');
      if (child) await once(child, 'close');
    }
  });

  it('has the worktree back when they made something that no commit can keep', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    const options = during('move aside', () => at.git(['init', '-q', 'nested'], worktree.dir));
    await expect(remove(at, worktree, {}, options)).rejects.toMatchObject({ details: { reason: 'unpreserved' } });
    expect(await readdir(worktree.dir)).toContain('nested');
  });

  it('keeps a branch to which they gave a commit that is not preserved', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    const commit = (await at.git(['commit-tree', '-p', 'HEAD', '-m', 'later', 'HEAD^{tree}'])).trim();
    const options = during('remove the git directory', () => at.git(['update-ref', 'refs/heads/runtime/t1', commit]));
    expect(await remove(at, worktree, { branch: 'remove' }, options)).toMatchObject({ branch: 'kept' });
    expect(await at.git(['rev-parse', 'runtime/t1'])).toBe(`${commit}\n`);
  });

  it('keeps what they put where it stood', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    const options = during('condemn', () => at.write('mine', 'mine', worktree.dir));
    await remove(at, worktree, {}, options);
    expect(await readdir(worktree.dir)).toEqual(['mine']);
  });

  it('is not disturbed by a directory of the name under which it stands aside', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await preserve(at, worktree);
    let aside = '';
    const around: WorktreeOptions['around'] = async (name, run) => {
      if (name === 'condemn') {
        [aside = ''] = (await readdir(join(at.root, 'trees'))).filter((each) => each.includes('aside'));
        throw new Error('stop');
      }
      return run();
    };
    await expect(remove(at, worktree, {}, { around })).rejects.toThrow('stop');
    await mkdir(join(at.root, 'trees', aside));
    await expect(remove(at, worktree)).rejects.toMatchObject({ details: { reason: 'inTheWay' } });
    await rename(join(at.root, 'trees', aside), join(at.root, 'mine'));
    await remove(at, worktree);
    await expectNothingLeft(at, worktree);
  });
});

it('says what the system said as an error with a hint', async () => {
  await using at = await ground();
  const worktree = await at.add();
  await preserve(at, worktree);
  const around: WorktreeOptions['around'] = (step, work) =>
    step === 'move aside'
      ? Promise.reject(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }))
      : work();
  await expect(remove(at, worktree, {}, { around })).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    hint: expect.stringContaining('give this user the right'),
    details: { system: 'EACCES' },
  });
  expect(await at.git(['status', '--porcelain'], worktree.dir)).toBe('');
});
