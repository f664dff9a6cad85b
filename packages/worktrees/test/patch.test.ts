import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyPatch, diffWorktree, preserveWorktree, readPatch, type DiffRange, type Worktree } from '../src/index.ts';
import { contentsOf, files, ground, preservedAs, type Ground } from './support/repository.ts';

async function rangeOf(at: Ground, worktree: Worktree): Promise<DiffRange> {
  const { commit } = await preserveWorktree({ worktree, ref: preservedAs(), message: 'kept' }, at.options);
  return { repository: at.repository, base: worktree.base, commit };
}

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const chunk of chunks) found.push(chunk);
  return found;
}

const creating = (path: string): string =>
  `diff --git a/${path} b/${path}\nnew file mode 100644\nindex 0000000..5626abf\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+one\n`;

describe('the files that differ', () => {
  it('are named with how they differ, whatever bytes their names have', async () => {
    await using at = await ground();
    const worktree = await at.add();
    const { dir } = worktree;
    await at.write('a.txt', 'one\n2\n3\n', dir);
    await rename(join(dir, 'src/b.ts'), join(dir, 'renamed.ts'));
    await unlink(join(dir, 'src/deep/c.md'));
    await at.write('new\nline "q"\t', 'x\n', dir);
    await at.write('binary', Buffer.from([0, 1, 2]), dir);
    await symlink('a.txt', join(dir, 'link'));
    await writeFile(Buffer.concat([Buffer.from(`${dir}/b\\`), Buffer.from([0xff])]), 'x');
    await chmod(join(dir, '.gitignore'), 0o755);
    const changes = await diffWorktree(await rangeOf(at, worktree), at.options);
    const plain = { isEscaped: false };
    expect(changes).toEqual([
      { path: '.gitignore', ...plain, kind: 'modified', added: 0, deleted: 0, mode: '100755' },
      { path: 'a.txt', ...plain, kind: 'modified', added: 2, deleted: 2, mode: '100644' },
      { path: 'b\\\\\\xff', isEscaped: true, kind: 'added', added: 1, deleted: 0, mode: '100644' },
      { path: 'binary', ...plain, kind: 'added', mode: '100644' },
      { path: 'link', ...plain, kind: 'added', added: 1, deleted: 0, mode: '120000' },
      { path: 'new\nline "q"\t', ...plain, kind: 'added', added: 1, deleted: 0, mode: '100644' },
      { path: 'renamed.ts', ...plain, kind: 'renamed', from: 'src/b.ts', added: 0, deleted: 0, mode: '100644' },
      { path: 'src/deep/c.md', ...plain, kind: 'deleted', added: 0, deleted: 1 },
    ]);
  });

  it('are none between a commit and itself', async () => {
    await using at = await ground();
    const range = await rangeOf(at, await at.add());
    expect(await diffWorktree(range, at.options)).toEqual([]);
    expect(await all(readPatch(range, at.options))).toEqual([]);
  });
});

describe('the patch', () => {
  it('brings all of it into the checkout of the user, beside their own changes', async () => {
    await using at = await ground();
    await at.git(['config', 'diff.noprefix', 'true']);
    await at.git(['config', 'diff.external', 'false']);
    await at.git(['config', 'apply.whitespace', 'error']);
    const worktree = await at.add();
    await at.write('a.txt', 'one\ntwo  \nthree\nfour', worktree.dir);
    await at.write('blob', randomBytes(100_000), worktree.dir);
    await at.write('new\n"file"', 'new', worktree.dir);
    await rename(join(worktree.dir, 'src/b.ts'), join(worktree.dir, 'renamed.ts'));
    await symlink('a.txt', join(worktree.dir, 'link'));
    await at.write('mine.txt', 'mine');
    await at.write('src/deep/c.md', 'also mine');
    await applyPatch(
      { dir: join(at.repository, 'src'), patch: readPatch(await rangeOf(at, worktree), at.options) },
      at.options,
    );
    const after = await contentsOf(at.repository);
    expect(after.get('mine.txt')).toBe('- mine');
    expect(after.get('src/deep/c.md')).toBe('- also mine');
    for (const [path, content] of await contentsOf(worktree.dir))
      if (path !== 'src/deep/c.md') expect(after.get(path)).toBe(content);
    expect(after.has('src/b.ts')).toBe(false);
  });

  it('is read no further than its limit, and git ends when its reader leaves', async () => {
    await using at = await ground();
    const worktree = await at.add();
    await at.write('blob', randomBytes(3_000_000), worktree.dir);
    const range = await rangeOf(at, worktree);
    const whole = all(readPatch(range, { ...at.options, maxBytes: 1_000_000 }));
    await expect(whole).rejects.toMatchObject({ code: 'EXHAUSTED' });
    for await (const chunk of readPatch(range, at.options)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await expect(all(readPatch({ ...range, commit: 'nowhere' }, at.options))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});

describe('applying a patch', () => {
  const changes = async (at: Ground): Promise<DiffRange> => {
    const worktree = await at.add();
    await at.write('a.txt', 'one\nTWO\nthree\n', worktree.dir);
    await at.write('new.txt', 'new', worktree.dir);
    return rangeOf(at, worktree);
  };

  it('changes nothing where one file of it does not apply, and names the file', async () => {
    await using at = await ground();
    const range = await changes(at);
    await at.write('a.txt', 'mine\n');
    await at.write('new.txt', 'mine');
    const before = await contentsOf(at.repository);
    const apply = applyPatch({ dir: at.repository, patch: readPatch(range, at.options) }, at.options);
    await expect(apply).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: expect.stringContaining('threeWay'),
      details: { reason: 'doesNotApply', files: ['a.txt', 'new.txt'] },
    });
    expect(await contentsOf(at.repository)).toEqual(before);
  });

  it('only finds out, where it is asked to', async () => {
    await using at = await ground();
    const range = await changes(at);
    const before = await contentsOf(at.repository);
    await applyPatch({ dir: at.repository, patch: readPatch(range, at.options), check: true }, at.options);
    expect(await contentsOf(at.repository)).toEqual(before);
  });

  it('merges by the contents that it names, and says where both sides changed the same', async () => {
    await using at = await ground();
    const range = await changes(at);
    await at.write('a.txt', 'ONE\ntwo\nthree\n');
    await at.git(['commit', '-q', '-a', '-m', 'mine']);
    const apply = () =>
      applyPatch({ dir: at.repository, patch: readPatch(range, at.options), threeWay: true }, at.options);
    expect(await apply()).toEqual({ conflicts: ['a.txt'] });
    expect(await readFile(join(at.repository, 'a.txt'), 'utf8')).toContain('<<<<<<<');
    expect(await readFile(join(at.repository, 'new.txt'), 'utf8')).toBe('new');
  });

  it('takes a file, and an empty one changes nothing', async () => {
    await using at = await ground();
    await writeFile(join(at.root, 'patch'), creating('made.txt'));
    await applyPatch({ dir: at.repository, patch: join(at.root, 'patch') }, at.options);
    expect(await readFile(join(at.repository, 'made.txt'), 'utf8')).toBe('one\n');
    expect(await applyPatch({ dir: at.repository, patch: text('') }, at.options)).toEqual({ conflicts: [] });
    await expect(applyPatch({ dir: at.repository, patch: join(at.root, 'none') }, at.options)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(applyPatch({ dir: at.repository, patch: text('no patch\n') }, at.options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { reason: 'noPatch' },
    });
  });

  it.each(['../out.txt', '/tmp/out.txt', '.git/hooks/post-commit', 'src/../../out.txt', 'link/out.txt'])(
    'writes nothing out of the checkout: %s',
    async (path) => {
      await using at = await ground();
      await symlink(at.root, join(at.repository, 'link'));
      const before = await contentsOf(at.root);
      await expect(applyPatch({ dir: at.repository, patch: text(creating(path)) }, at.options)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: { reason: 'outside' },
      });
      expect(await contentsOf(at.root)).toEqual(before);
      expect(files['a.txt']).toBe(await readFile(join(at.repository, 'a.txt'), 'utf8'));
    },
  );

  it('refuses a stream that does not end', async () => {
    await using at = await ground();
    async function* endless(): AsyncGenerator<Uint8Array> {
      while (true) yield Buffer.alloc(1000);
    }
    const apply = applyPatch({ dir: at.repository, patch: endless() }, { ...at.options, maxBytes: 10_000 });
    await expect(apply).rejects.toMatchObject({ code: 'EXHAUSTED', details: { reason: 'maxBytes' } });
  });

  it('has no checkout to go to in a bare repository', async () => {
    await using at = await ground({ bare: true });
    await expect(applyPatch({ dir: at.repository, patch: text('x') }, at.options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
