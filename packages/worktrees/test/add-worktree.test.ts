import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { addWorktree, findWorktree } from '../src/index.ts';
import { stopAt, Stopped } from '../src/testing.ts';
import { contentsOf, ground } from './support/repository.ts';

describe('a new worktree', () => {
  it('has the files of its base, a branch of its own and a lock with its owner', async () => {
    await using at = await ground();
    const worktree = await at.add();
    expect(await contentsOf(worktree.dir)).toEqual(await contentsOf(at.repository));
    expect(await at.git(['branch', '--show-current'], worktree.dir)).toBe('runtime/t1\n');
    expect(await readFile(join(worktree.gitDir, 'locked'), 'utf8')).toBe('runtime task t1\n');
    expect(await at.git(['status', '--porcelain'], worktree.dir)).toBe('');
    await at.git(['worktree', 'prune', '--expire', 'now']);
    expect(await findWorktree(worktree.dir, at.options)).toEqual(worktree);
    expect(await readdir(join(at.root, 'trees'))).toEqual(['t1']);
  });

  it('is made in a bare repository', async () => {
    await using at = await ground({ bare: true });
    const worktree = await at.add();
    expect((await contentsOf(worktree.dir)).get('a.txt')).toBe('- one\ntwo\nthree\n');
    expect(await findWorktree(worktree.dir, at.options)).toEqual(worktree);
  });

  it('is the same one when it is asked for again', async () => {
    await using at = await ground();
    const first = await at.add();
    await at.write('new.txt', 'new', first.dir);
    expect(await at.add()).toEqual(first);
    expect(await readFile(join(first.dir, 'new.txt'), 'utf8')).toBe('new');
  });

  it('leaves the changes of the user in their own checkout as they are', async () => {
    await using at = await ground();
    await at.write('a.txt', 'changed and staged');
    await at.git(['add', 'a.txt']);
    await at.write('a.txt', 'changed again');
    await at.write('untracked.txt', 'untracked');
    const index = await readFile(join(at.repository, '.git/index'));
    const before = await contentsOf(at.repository);
    const { dir } = await at.add();
    expect(await contentsOf(at.repository)).toEqual(before);
    expect(await readFile(join(at.repository, '.git/index'))).toEqual(index);
    expect((await contentsOf(dir)).get('a.txt')).toBe('- one\ntwo\nthree\n');
  });

  it('runs no hook of the user', async () => {
    await using at = await ground();
    for (const hook of ['post-checkout', 'reference-transaction', 'pre-commit', 'post-index-change']) {
      await at.write(`.git/hooks/${hook}`, `#!/bin/sh\necho ${hook} >> ${at.root}/ran\nexit 1\n`);
      await chmod(join(at.repository, '.git/hooks', hook), 0o755);
    }
    await at.add();
    expect(await readdir(at.root)).not.toContain('ran');
  });

  it('is made beside another one at the same moment', async () => {
    await using at = await ground();
    const tasks = ['t1', 't2', 't3', 't4'];
    const made = await Promise.all(tasks.map((task) => at.add(task)));
    for (const { dir } of made) expect(await contentsOf(dir)).toEqual(await contentsOf(at.repository));
    expect(new Set(made.map(({ gitDir }) => gitDir)).size).toBe(4);
  });

  it('waits for the lock of another git', async () => {
    await using at = await ground();
    await at.write('.git/refs/heads/runtime/t1.lock', '');
    const added = at.add('t1', { lockTimeoutMs: 20_000 });
    setTimeout(() => void rm(join(at.repository, '.git/refs/heads/runtime/t1.lock')), 300);
    expect((await added).branch).toBe('runtime/t1');
  });

  it('takes away a lock of its branch that a killed git left', async () => {
    await using at = await ground();
    await at.write('.git/refs/heads/runtime/t1.lock', '');
    expect((await at.add('t1', { lockTimeoutMs: 300 })).branch).toBe('runtime/t1');
  });

  it('gets no repository, index or configuration from the environment of its caller', async () => {
    await using at = await ground();
    const env = { ...at.options.env, GIT_DIR: '/nowhere', GIT_INDEX_FILE: '/nowhere', GIT_WORK_TREE: '/nowhere' };
    const worktree = await at.add('t1', { env });
    expect(await at.git(['status', '--porcelain'], worktree.dir)).toBe('');
  });
});

describe('what is there already', () => {
  it.each(['a directory', 'an empty directory', 'a file'])('is not taken: %s', async (what) => {
    await using at = await ground();
    await mkdir(join(at.root, 'trees'), { recursive: true });
    if (what === 'a file') await writeFile(join(at.root, 'trees/t1'), 'mine');
    else await mkdir(join(at.root, 'trees/t1'));
    if (what === 'a directory') await writeFile(join(at.root, 'trees/t1/mine'), 'mine');
    await expect(at.add()).rejects.toMatchObject({ code: 'CONFLICT', details: { reason: 'dir' } });
  });

  it('is not taken: a branch of the user, also at the base', async () => {
    await using at = await ground();
    await at.git(['branch', 'runtime/t1']);
    await expect(at.add()).rejects.toMatchObject({ code: 'CONFLICT', details: { reason: 'branch' } });
    expect(await at.git(['branch', '--list', 'runtime/t1'])).toBe('  runtime/t1\n');
    expect(await readdir(join(at.root, 'trees'))).toEqual([]);
  });

  it('is not taken: the branch of a worktree, which goes on having it', async () => {
    await using at = await ground();
    const { repository, base, branch, dir, owner } = await at.add();
    const other = { repository, dir: join(at.root, 'trees/t2'), branch, base, owner: 'runtime task t2' };
    for (const wanted of [other, { ...other, owner }]) {
      await expect(addWorktree(wanted, at.options)).rejects.toMatchObject({ details: { reason: 'branch' } });
      expect(await at.git(['rev-parse', 'HEAD'], dir)).toBe(`${base}\n`);
      expect(await findWorktree(dir, at.options)).toMatchObject({ branch });
    }
    expect(await readdir(join(at.root, 'trees'))).toEqual(['t1']);
  });

  it('is not taken away: a file that somebody put where a killed call had begun', async () => {
    await using at = await ground();
    const { around } = stopAt(10);
    await expect(at.add('t1', { around })).rejects.toThrow(Stopped);
    const [begun = ''] = await readdir(join(at.root, 'trees'));
    const mine = join(at.root, 'trees', begun, 't1/mine');
    await writeFile(mine, 'mine');
    await expect(at.add()).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { reason: 'notInBase', path: 't1/mine' },
    });
    expect(await readFile(mine, 'utf8')).toBe('mine');
    await rm(mine);
    expect((await at.add()).branch).toBe('runtime/t1');
  });

  it('goes to one of two calls for the same branch at the same moment', async () => {
    await using at = await ground();
    const base = (await at.git(['rev-parse', 'HEAD'])).trim();
    const calls = ['a', 'b'].map((name) =>
      addWorktree(
        { repository: at.repository, dir: join(at.root, 'trees', name), branch: 'runtime/t1', base, owner: name },
        at.options,
      ),
    );
    const settled = await Promise.allSettled(calls);
    const made = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(made.length).toBeLessThanOrEqual(1);
    for (const { dir } of made) expect(await at.git(['rev-parse', 'HEAD'], dir)).toBe(`${base}\n`);
    for (const each of settled) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'CONFLICT' });
  });

  it('is not taken: a worktree of another task', async () => {
    await using at = await ground();
    const { base, dir } = await at.add();
    const other = { repository: at.repository, dir, branch: 'runtime/t2', base, owner: 'runtime task t2' };
    await expect(addWorktree(other, at.options)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { reason: 'dir' },
    });
    await expect(addWorktree({ ...other, owner: 'runtime task t1' }, at.options)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });
});

describe('the configuration of the user', () => {
  it('has its filters run, as in any checkout', async () => {
    await using at = await ground();
    await at.git(['config', 'filter.upper.smudge', 'tr a-z A-Z']);
    await at.git(['config', 'filter.upper.clean', 'tr A-Z a-z']);
    await at.write('.gitattributes', '*.txt filter=upper\n');
    await at.git(['add', '.gitattributes']);
    await at.git(['commit', '-q', '-m', 'filter']);
    const { dir } = await at.add();
    expect(await readFile(join(dir, 'a.txt'), 'utf8')).toBe('ONE\nTWO\nTHREE\n');
  });

  it('with a filter that fails leaves nothing half made, and says what the filter said', async () => {
    await using at = await ground();
    await at.git(['config', 'filter.lfs.smudge', 'echo no such object >&2; exit 3']);
    await at.git(['config', 'filter.lfs.clean', 'cat']);
    await at.git(['config', 'filter.lfs.required', 'true']);
    await at.write('.gitattributes', 'src/** filter=lfs\n');
    await at.git(['add', '.gitattributes']);
    await at.git(['commit', '-q', '-m', 'filter']);
    await expect(at.add()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('no such object'),
      details: { reason: 'filter' },
    });
    expect(await readdir(join(at.root, 'trees'))).toEqual([]);
    expect(await readdir(join(at.repository, '.git/worktrees'))).toEqual([]);
    expect(await at.git(['for-each-ref', '--format=%(refname)'])).toBe('refs/heads/main\n');
  });

  it('leaves submodules empty, as git does', async () => {
    await using at = await ground();
    await at.git(['submodule', '--quiet', 'add', at.repository, 'sub']);
    await at.git(['commit', '-q', '-m', 'submodule']);
    await at.git(['config', 'submodule.recurse', 'true']);
    const { dir } = await at.add();
    expect(await readdir(join(dir, 'sub'))).toEqual([]);
  });
});

describe('a call that is not right', () => {
  it.each([
    ['a branch that is an option', { branch: '-d' }],
    ['a branch that is no name', { branch: 'a..b' }],
    ['an owner of two lines', { owner: 'a\nb' }],
    ['a base that is no commit', { base: 'nowhere' }],
  ])('is refused: %s', async (_what, wrong) => {
    await using at = await ground();
    const base = (await at.git(['rev-parse', 'HEAD'])).trim();
    const right = { repository: at.repository, dir: join(at.root, 'w'), branch: 'runtime/w', base, owner: 'w' };
    await expect(addWorktree({ ...right, ...wrong }, at.options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('leaves nothing when its signal is aborted', async () => {
    await using at = await ground();
    const stop = new AbortController();
    const around = <T>(step: string, work: () => Promise<T>): Promise<T> => {
      if (step === 'git reset') stop.abort();
      return work();
    };
    await expect(at.add('t1', { signal: stop.signal, around })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(join(at.root, 'trees'))).toEqual([]);
    expect(await at.git(['for-each-ref', '--format=%(refname)'])).toBe('refs/heads/main\n');
  });
});

it('what another git has just begun under the same name is not taken for what a power cut left', async () => {
  await using at = await ground();
  const theirs = join(at.repository, '.git/worktrees/t1');
  await mkdir(theirs, { recursive: true });
  await writeFile(join(theirs, 'locked'), 'initializing');
  const adding = at.add('t1', { lockTimeoutMs: 10_000 });
  // A git on a busy machine.
  await sleep(1500);
  await writeFile(join(theirs, 'gitdir'), `${join(at.root, 'elsewhere')}/.git\n`);
  expect((await adding).gitDir).toBe(join(at.repository, '.git/worktrees/t11'));
  expect(await readdir(theirs)).toEqual(['gitdir', 'locked']);
});
