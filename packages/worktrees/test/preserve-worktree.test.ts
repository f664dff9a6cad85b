import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addWorktree, preserveWorktree, type Preserved, type Worktree } from '../src/index.ts';
import { contentsOf, contentsOfCommit, ground, preservedAs, wantedOf, type Ground } from './support/repository.ts';

const preserve = (at: Ground, worktree: Worktree, ref = preservedAs()): Promise<Preserved> =>
  preserveWorktree({ worktree, ref, message: 'What was there' }, at.options);

/** What the commit has is what the worktree has, but for files that are ignored. */
async function expectAllOf(at: Ground, { dir }: Worktree, { commit, unpreserved }: Preserved): Promise<void> {
  const there = await contentsOf(dir);
  for (const name of there.keys()) if (name.endsWith('.log') || name.startsWith('build/')) there.delete(name);
  expect(unpreserved).toEqual([]);
  expect(await contentsOfCommit(at, commit)).toEqual(there);
}

const parentsOf = async (at: Ground, commit: string): Promise<string[]> =>
  (await at.git(['rev-list', '--parents', '-n1', commit])).trim().split(' ').slice(1);

describe('what is preserved', () => {
  it('is everything that is tracked or not, and nothing that is ignored', async () => {
    await using at = await ground();
    const worktree = await at.add();
    const { dir } = worktree;
    await at.write('a.txt', 'changed', dir);
    await at.write('new/file.txt', 'new', dir);
    await at.write('empty', '', dir);
    await at.write('run.sh', '#!/bin/sh\n', dir);
    await chmod(join(dir, 'run.sh'), 0o755);
    await chmod(join(dir, 'src/b.ts'), 0o755);
    await unlink(join(dir, 'src/deep/c.md'));
    await symlink('../outside', join(dir, 'link'));
    await at.write('debug.log', 'ignored', dir);
    await at.write('build/x.o', 'ignored', dir);
    const kept = await preserve(at, worktree);
    await expectAllOf(at, worktree, kept);
    expect(kept).toMatchObject({ changed: true, ignored: { count: 2, paths: ['build/', 'debug.log'] } });
    expect(await parentsOf(at, kept.commit)).toEqual([worktree.base]);
    expect(await at.git(['rev-parse', preservedAs()])).toBe(`${kept.commit}\n`);
  });

  it('is HEAD itself where nothing differs from it', async () => {
    await using at = await ground();
    const worktree = await at.add();
    expect(await preserve(at, worktree)).toMatchObject({ commit: worktree.base, changed: false, unpreserved: [] });
    await at.write('a.txt', 'changed', worktree.dir);
    await at.git(['commit', '-q', '-a', '-m', 'the agent'], worktree.dir);
    const head = (await at.git(['rev-parse', 'HEAD'], worktree.dir)).trim();
    expect(await preserve(at, worktree)).toMatchObject({ commit: head, changed: true });
  });

  it('leaves the index, HEAD and branch of the agent as they are', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('staged.txt', 'staged', worktree.dir);
    await at.git(['add', 'staged.txt'], worktree.dir);
    await at.write('staged.txt', 'later', worktree.dir);
    const before = await readFile(join(worktree.gitDir, 'index'));
    const kept = await preserve(at, worktree);
    expect(await readFile(join(worktree.gitDir, 'index'))).toEqual(before);
    expect(await at.git(['rev-parse', 'HEAD', 'runtime/t1'], worktree.dir)).toBe(`${worktree.base}\n`.repeat(2));
    expect((await readdir(worktree.gitDir)).filter((name) => name.startsWith('runtime'))).toEqual([]);
    await expectAllOf(at, worktree, kept);
    const [, staged = ''] = await parentsOf(at, kept.commit);
    expect(await at.git(['show', `${staged}:staged.txt`])).toBe('staged');
  });

  it('does not wait for an index.lock that the agent left', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await writeFile(join(worktree.gitDir, 'index.lock'), '');
    await at.write('new', 'new', worktree.dir);
    await expectAllOf(at, worktree, await preserve(at, worktree));
  });

  it('has names with line feeds, quotes, dashes, spaces, backslashes and bytes that are no UTF-8', async () => {
    await using at = await ground();
    const worktree = await at.add();
    const names = ['a\nb', 'a"b\'', '-rf', '--', ' a ', 'a\\b', '*', ':(top)', 'git~1', 'ä', '#', '!'];
    for (const name of names) await at.write(name, name, worktree.dir);
    await writeFile(Buffer.concat([Buffer.from(`${worktree.dir}/`), Buffer.from([0x62, 0xff, 0xfe])]), 'bytes');
    await at.write('-d/--x', 'deep', worktree.dir);
    await expectAllOf(at, worktree, await preserve(at, worktree));
  });

  it('has a file that is ignored, if it was added all the same', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('build/kept.txt', 'staged', worktree.dir);
    await at.git(['add', '-f', 'build/kept.txt'], worktree.dir);
    await at.write('build/kept.txt', 'changed', worktree.dir);
    const { commit } = await preserve(at, worktree);
    expect((await contentsOfCommit(at, commit)).get('build/kept.txt')).toBe('- changed');
  });

  it('has a file that became a directory, a directory that became a file, and one that became a link', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await unlink(join(worktree.dir, 'a.txt'));
    await at.write('a.txt/inside', 'inside', worktree.dir);
    await rm(join(worktree.dir, 'src/deep'), { recursive: true });
    await at.write('src/deep', 'a file', worktree.dir);
    await expectAllOf(at, worktree, await preserve(at, worktree));
    await rename(join(worktree.dir, 'src'), join(worktree.dir, 'source'));
    await symlink('source', join(worktree.dir, 'src'));
    await expectAllOf(at, worktree, await preserve(at, worktree));
  });

  it.each(['--assume-unchanged', '--skip-worktree'])('has a change that the index hides by %s', async (bit) => {
    await using at = await ground();
    const worktree = await at.add();
    await at.git(['update-index', bit, 'a.txt'], worktree.dir);
    await at.write('a.txt', 'hidden', worktree.dir);
    await expectAllOf(at, worktree, await preserve(at, worktree));
  });

  it('has a change that kept the size and the times of the file', async () => {
    await using at = await ground();
    const worktree = await at.add();
    execFileSync('sh', ['-c', 'touch -r a.txt ../t && printf "ONE\\ntwo\\nthree\\n" > a.txt && touch -r ../t a.txt'], {
      cwd: worktree.dir,
    });
    await expectAllOf(at, worktree, await preserve(at, worktree));
  });

  it('has all of a sparse checkout, and what was written outside of it', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.git(['sparse-checkout', 'set', '--no-cone', '/a.txt'], worktree.dir);
    expect(await readdir(worktree.dir)).not.toContain('src');
    expect(await preserve(at, worktree)).toMatchObject({ changed: false, unpreserved: [] });
    await at.write('src/b.ts', 'changed', worktree.dir);
    await at.write('src/new.ts', 'new', worktree.dir);
    const { commit } = await preserve(at, worktree);
    const kept = await contentsOfCommit(at, commit);
    expect(kept.get('src/b.ts')).toBe('- changed');
    expect(kept.get('src/new.ts')).toBe('- new');
    expect(kept.get('src/deep/c.md')).toBe('- # c\n');
  });

  it('has both sides of an unfinished merge', async () => {
    await using at = await ground();
    const worktree = await at.add();
    const { dir } = worktree;
    await at.git(['switch', '-q', '--detach'], dir);
    await at.write('a.txt', 'theirs', dir);
    await at.git(['commit', '-q', '-a', '-m', 'theirs'], dir);
    const theirs = (await at.git(['rev-parse', 'HEAD'], dir)).trim();
    await at.git(['switch', '-q', 'runtime/t1'], dir);
    await at.write('a.txt', 'ours', dir);
    await at.git(['commit', '-q', '-a', '-m', 'ours'], dir);
    await at.git(['merge', theirs], dir).catch(() => undefined);
    const kept = await preserve(at, worktree);
    await expectAllOf(at, worktree, kept);
    expect(await parentsOf(at, kept.commit)).toEqual([(await at.git(['rev-parse', 'HEAD'], dir)).trim(), theirs]);
    expect(await at.git(['status', '--porcelain'], dir)).toBe('AA a.txt\n'.replace('AA', 'UU'));
  });

  it('has the commits of an unfinished rebase of a detached HEAD', async () => {
    await using at = await ground();
    const worktree = await at.add();
    const { dir } = worktree;
    await at.git(['switch', '-q', '--detach'], dir);
    await at.write('a.txt', 'first', dir);
    await at.git(['commit', '-q', '-a', '-m', 'first'], dir);
    await at.write('b.txt', 'second', dir);
    await at.git(['add', 'b.txt'], dir);
    await at.git(['commit', '-q', '-m', 'second'], dir);
    const tip = (await at.git(['rev-parse', 'HEAD'], dir)).trim();
    await at.git(['switch', '-q', '--detach', worktree.base], dir);
    await at.write('a.txt', 'other', dir);
    await at.git(['commit', '-q', '-a', '-m', 'other'], dir);
    const onto = (await at.git(['rev-parse', 'HEAD'], dir)).trim();
    await at.git(['rebase', onto, tip], dir).catch(() => undefined);
    const kept = await preserve(at, worktree);
    await expectAllOf(at, worktree, kept);
    await at.git(['merge-base', '--is-ancestor', tip, kept.commit]);
  });

  it('has the commit that the agent took back by its last reset', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('a.txt', 'taken back', worktree.dir);
    await at.git(['commit', '-q', '-a', '-m', 'taken back'], worktree.dir);
    await at.git(['reset', '-q', '--hard', 'HEAD~1'], worktree.dir);
    const { commit, changed } = await preserve(at, worktree);
    expect(changed).toBe(false);
    expect(await at.git(['log', '--format=%s', `${commit}^2`, '-1'])).toBe('taken back\n');
  });

  it('has everything of a HEAD without a commit', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.git(['switch', '-q', '--orphan', 'fresh'], worktree.dir);
    await at.write('fresh.txt', 'fresh', worktree.dir);
    const kept = await preserve(at, worktree);
    expect((await contentsOfCommit(at, kept.commit)).get('fresh.txt')).toBe('- fresh');
    expect(kept.unpreserved).toEqual([]);
  });

  it('is stored as the filters of the user store it', async () => {
    await using at = await ground();
    await at.git(['config', 'filter.lfs.clean', "sed 's/^/pointer to /'"]);
    await at.git(['config', 'filter.lfs.smudge', "sed 's/^pointer to //'"]);
    await at.git(['config', 'filter.lfs.required', 'true']);
    await at.write('.gitattributes', '*.bin filter=lfs -text\n');
    await at.git(['add', '.gitattributes']);
    await at.git(['commit', '-q', '-m', 'lfs']);
    const worktree = await at.add();
    await at.write('large.bin', 'content', worktree.dir);
    const kept = await preserve(at, worktree);
    expect(await at.git(['show', `${kept.commit}:large.bin`])).toBe('pointer to content');
    await at.git(['config', 'filter.lfs.clean', 'echo the disk of the filter is full >&2; false']);
    await at.write('large.bin', 'changed', worktree.dir);
    await expect(preserve(at, worktree)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('the disk of the filter is full'),
      details: { reason: 'filter' },
    });
    expect(await at.git(['rev-parse', preservedAs()])).toBe(`${kept.commit}\n`);
  });

  it('is written by a user without a name, and by hooks that fail', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await writeFile(join(at.root, 'home/.gitconfig'), '[user]\n\tuseConfigOnly = true\n[commit]\n\tgpgSign = true\n');
    for (const hook of ['pre-commit', 'reference-transaction']) {
      await at.write(`.git/hooks/${hook}`, '#!/bin/sh\nexit 1\n');
      await chmod(join(at.repository, '.git/hooks', hook), 0o755);
    }
    await at.write('new', 'new', worktree.dir);
    const { commit } = await preserve(at, worktree);
    expect(await at.git(['log', '-1', '--format=%an %s', commit])).toBe('runtime What was there\n');
  });
});

describe('preserving again', () => {
  it('resolves with the same commit where nothing changed', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('new', 'new', worktree.dir);
    expect(await preserve(at, worktree)).toEqual(await preserve(at, worktree));
  });

  it('keeps what the ref kept before', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('new', 'first', worktree.dir);
    const first = await preserve(at, worktree);
    await at.write('new', 'second', worktree.dir);
    const second = await preserve(at, worktree);
    expect(await parentsOf(at, second.commit)).toEqual([worktree.base, first.commit]);
  });
});

describe('what no commit can keep', () => {
  it('is named: a repository of its own, also one that git tracks files of', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.git(['init', '-q', 'nested'], worktree.dir);
    await at.git(['init', '-q', 'src'], worktree.dir);
    await at.git(['clone', '-q', at.repository, 'deep/clone'], worktree.dir);
    await at.write('nested/file', 'nested', worktree.dir);
    await at.write('other', 'other', worktree.dir);
    const kept = await preserve(at, worktree);
    expect(kept.unpreserved.map(({ path, why }) => `${path} ${why}`).sort()).toEqual([
      'deep/clone nested_repository',
      'nested nested_repository',
      'src nested_repository',
    ]);
    expect((await contentsOfCommit(at, kept.commit)).get('other')).toBe('- other');
  });

  it('is named: another worktree of the repository, also in a directory that is ignored', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.git(['worktree', 'add', '-q', '-b', 'inner', 'build/inner'], worktree.dir);
    await at.write('build/inner/file', 'work', worktree.dir);
    expect((await preserve(at, worktree)).unpreserved).toEqual([{ path: 'build/inner', why: 'nested_repository' }]);
  });

  it('is not what a link leads to that took the place of a submodule', async () => {
    await using at = await ground();
    await at.git(['submodule', '--quiet', 'add', at.repository, 'sub']);
    await at.git(['commit', '-q', '-m', 'submodule']);
    const worktree = await at.add();
    await rm(join(worktree.dir, 'sub'), { recursive: true });
    await symlink(at.root, join(worktree.dir, 'sub'));
    const kept = await preserve(at, worktree);
    expect(kept.unpreserved).toEqual([]);
    expect((await contentsOfCommit(at, kept.commit)).get('sub')).toBe(`-> ${at.root}`);
  });

  it('is named: FIFOs, but those that are ignored', async () => {
    await using at = await ground();
    const worktree = await at.add();
    execFileSync('mkfifo', ['pipe', 'pipe.log'], { cwd: worktree.dir });
    expect((await preserve(at, worktree)).unpreserved).toEqual([{ path: 'pipe', why: 'special_file' }]);
  });

  it.skipIf(process.getuid?.() === 0)('is named: files and directories that cannot be read', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('secret', 'secret', worktree.dir);
    await at.write('closed/file', 'file', worktree.dir);
    await at.write('open', 'open', worktree.dir);
    await chmod(join(worktree.dir, 'secret'), 0);
    await chmod(join(worktree.dir, 'closed'), 0);
    const kept = await preserve(at, worktree);
    await chmod(join(worktree.dir, 'closed'), 0o700);
    expect(kept.unpreserved).toEqual([
      { path: 'closed', why: 'unreadable' },
      { path: 'secret', why: 'unreadable' },
    ]);
    expect((await contentsOfCommit(at, kept.commit)).get('open')).toBe('- open');
  });

  it('is named: a submodule with a change, a commit, or files that git does not see', async () => {
    await using at = await ground();
    await at.git(['clone', '-q', at.repository, join(at.root, 'origin')]);
    await at.git(['submodule', '--quiet', 'add', join(at.root, 'origin'), 'sub']);
    await at.git(['commit', '-q', '-m', 'submodule']);
    const worktree = await at.add();
    const sub = join(worktree.dir, 'sub');
    expect((await preserve(at, worktree)).unpreserved).toEqual([]);
    await writeFile(join(sub, 'unseen'), 'unseen');
    expect((await preserve(at, worktree)).unpreserved).toEqual([{ path: 'sub', why: 'submodule' }]);
    await unlink(join(sub, 'unseen'));
    await at.git(['submodule', '--quiet', 'update', '--init'], worktree.dir);
    expect((await preserve(at, worktree)).unpreserved).toEqual([]);
    await writeFile(join(sub, 'new'), 'new');
    expect((await preserve(at, worktree)).unpreserved).toEqual([{ path: 'sub', why: 'submodule' }]);
    await at.git(['add', '-A'], sub);
    await at.git(['commit', '-q', '-m', 'in the submodule'], sub);
    expect((await preserve(at, worktree)).unpreserved).toEqual([{ path: 'sub', why: 'submodule' }]);
    await at.git(['push', '-q', 'origin', 'HEAD:refs/heads/pushed'], sub);
    const kept = await preserve(at, worktree);
    expect(kept).toMatchObject({ changed: true, unpreserved: [] });
    expect(await at.git(['rev-parse', `${kept.commit}:sub`])).toBe(await at.git(['rev-parse', 'HEAD'], sub));
  });
});

describe('a call that is not right', () => {
  it.each(['refs/heads/main', 'refs/runtime/preserved/', 'refs/runtime/preserved/a..b', '-d'])(
    'is refused: the ref %s',
    async (ref) => {
      await using at = await ground();
      await expect(preserve(at, await at.add(), ref)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );

  it('is refused for a worktree of another owner, and one that is gone', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await expect(preserve(at, { ...worktree, owner: 'another' })).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { reason: 'notOurs' },
    });
    await mkdir(join(at.root, 'elsewhere'));
    await rename(worktree.dir, join(at.root, 'elsewhere/t1'));
    await expect(preserve(at, worktree)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe.runIf(process.platform === 'linux')('where the file system', () => {
  /** The options with a `sync` that says this, and fails. */
  async function failingSync(at: Ground, says: string) {
    await at.write('bin/sync', `#!/bin/sh\necho "sync: ${says}" >&2\nexit 1\n`, at.root);
    await chmod(join(at.root, 'bin/sync'), 0o755);
    return { ...at.options, env: { ...at.options.env, PATH: `${join(at.root, 'bin')}:${at.options.env['PATH']}` } };
  }

  it.each([
    ['UNAVAILABLE', 'error syncing: Input/output error'],
    ['EXHAUSTED', 'error syncing: No space left on device'],
  ])('cannot be synced, nothing is said to be preserved: %s', async (code, says) => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('new.txt', 'new', worktree.dir);
    const options = await failingSync(at, says);
    const request = { worktree, ref: preservedAs(), message: 'What was there' };
    await expect(preserveWorktree(request, options)).rejects.toMatchObject({ code });
    expect(await at.git(['for-each-ref', 'refs/runtime/preserved'])).toBe('');
    const wanted = await wantedOf(at, 't2');
    await expect(addWorktree(wanted, options)).rejects.toMatchObject({ code });
    expect(await readdir(join(at.root, 'trees'))).toEqual(['t1']);
  });

  it('cannot be synced by the `sync` that is there, git syncs what it writes', async () => {
    await using at = await ground();
    const options = await failingSync(at, "invalid option -- 'f'");
    const worktree = await addWorktree(await wantedOf(at), options);
    await at.write('new.txt', 'new', worktree.dir);
    const kept = await preserveWorktree({ worktree, ref: preservedAs(), message: 'What was there' }, options);
    await expectAllOf(at, worktree, kept);
  });
});
