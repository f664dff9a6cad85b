import { execFile } from 'node:child_process';
import { cp, mkdir, open, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  addWorktree,
  preserveWorktree,
  removeWorktree,
  restoreWorktree,
  type NewWorktree,
  type Worktree,
  type WorktreeOptions,
} from '@runtime/worktrees';
import { stopAt, Stopped } from '@runtime/worktrees/testing';
import { describe, expect, inject, it } from 'vitest';
import { canMountDisks, makeDisk, type Disk } from '../src/disk.ts';

const hasDisks = await canMountDisks();
const preserved = 'refs/runtime/preserved/t1';

interface Ground {
  readonly root: string;
  readonly repository: string;
  readonly trees: string;
  readonly options: WorktreeOptions;
  readonly wanted: NewWorktree;
  readonly git: (args: readonly string[], dir?: string) => Promise<string>;
}

/** A repository on the disk, with a commit. */
async function makeGround(disk: Disk): Promise<Ground> {
  const root = join(await realpath(disk.dir), 'ground');
  const repository = join(root, 'repository');
  const trees = join(root, 'trees');
  await mkdir(join(repository, 'src'), { recursive: true });
  await mkdir(trees);
  const identity = { NAME: 'A User', EMAIL: 'user@example.org' };
  const env: Record<string, string | undefined> = { PATH: process.env['PATH'], HOME: root };
  for (const [name, value] of Object.entries(identity)) {
    env[`GIT_AUTHOR_${name}`] = value;
    env[`GIT_COMMITTER_${name}`] = value;
  }
  const git = async (args: readonly string[], dir = repository): Promise<string> =>
    (await promisify(execFile)('git', [...args], { cwd: dir, env })).stdout.trim();
  await git(['init', '-q', '-b', 'main']);
  await writeFile(join(repository, 'a.txt'), 'one\n');
  await writeFile(join(repository, 'src', 'b.txt'), 'two\n');
  await git(['add', '.']);
  await git(['commit', '-q', '-m', 'first']);
  const base = await git(['rev-parse', 'HEAD']);
  const wanted = { repository, dir: join(trees, 't1'), branch: 'runtime/t1', base, owner: 'runtime task t1' };
  return { root, repository, trees, options: { env, lockTimeoutMs: 2000 }, wanted, git };
}

/** What is in the files of a directory. */
async function contentsOf(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const own = files.filter((file) => !file.startsWith(join(dir, '.git')));
  const texts = await Promise.all(own.map(async (file) => [file.slice(dir.length + 1), await readFile(file, 'utf8')]));
  return Object.fromEntries(texts);
}

/** What a commit has in its files. */
async function contentsOfCommit({ git }: Ground, commit: string): Promise<Record<string, string>> {
  const names = (await git(['ls-tree', '-r', '--name-only', commit])).split('\n');
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, `${await git(['show', `${commit}:${name}`])}\n`])),
  );
}

interface Operation {
  readonly run: (options: WorktreeOptions) => Promise<unknown>;
  readonly check: (where: string) => Promise<void>;
}

/**
 * On copies of what was prepared the power is cut after each step in turn, and the operation called again. Somebody else syncs a file after each step,
 * so that names get to the medium of which git has not synced what they stand for; but not at last, when the power is
 * cut after the end.
 */
async function everyPoint(prepare: (at: Ground) => Promise<Operation>): Promise<number> {
  await using disk = await makeDisk(128);
  const at = await makeGround(disk);
  const { run, check } = await prepare(at);
  const prepared = join(disk.dir, 'prepared');
  const options = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
  await cp(at.root, prepared, options);
  let points = 0;
  for (; ; points += 1) {
    await disk.sync();
    const stop = stopAt(2 * points + 1);
    const around: WorktreeOptions['around'] = (step, work) =>
      stop.around(step, async () => {
        const result = await work();
        await syncAnother(disk);
        return result;
      });
    const stopped = await run({ ...at.options, around }).catch((error: unknown) => error);
    if (!stop.isReached()) break;
    if (!(stopped instanceof Stopped)) throw stopped;
    await disk.cutPower();
    await expectFinished(at, { run, check }, `cut ${stopped.message}`);
    await rm(at.root, { recursive: true });
    await cp(prepared, at.root, options);
  }
  await rm(at.root, { recursive: true });
  await cp(prepared, at.root, options);
  await disk.sync();
  await run(at.options);
  await disk.cutPower();
  await check('cut at the end');
  await expectFinished(at, { run, check }, 'cut at the end, and called again');
  return points;
}

async function syncAnother(disk: Disk): Promise<void> {
  const other = await open(join(disk.dir, 'other'), 'a');
  await other.write('x');
  await other.sync();
  await other.close();
}

async function expectFinished(at: Ground, { run, check }: Operation, where: string): Promise<void> {
  await run(at.options).catch((cause: unknown) => {
    throw new Error(`called again, ${where}`, { cause });
  });
  await check(where);
  await at.git(['fsck', '--strict', '--no-dangling']);
}

/** As a caller does it: what is not as it was preserved is preserved again before the call is repeated. */
const orPreserved =
  (at: Ground, worktree: Worktree, call: (options: WorktreeOptions) => Promise<unknown>): Operation['run'] =>
  (options) =>
    call(options).catch(async (error: unknown) => {
      if (error instanceof Stopped) throw error;
      await preserveWorktree({ worktree, ref: preserved, message: 'as it was left' }, at.options);
      await call(at.options);
    });

/** What the commits have that the ref keeps. */
async function keptIn(at: Ground): Promise<Record<string, string>[]> {
  const commits = (await at.git(['log', '--format=%H', preserved])).split('\n');
  return Promise.all(commits.map((commit) => contentsOfCommit(at, commit)));
}

/** What an agent leaves: a commit, a staged file, one that was changed since, and one that git does not know. */
async function work({ git }: Ground, { dir }: Worktree): Promise<Record<string, string>> {
  await writeFile(join(dir, 'a.txt'), 'committed\n');
  await git(['commit', '-q', '-a', '-m', 'the agent'], dir);
  await writeFile(join(dir, 'src', 'b.txt'), 'staged\n');
  await git(['add', '.'], dir);
  await writeFile(join(dir, 'src', 'b.txt'), 'changed\n');
  await writeFile(join(dir, 'new.txt'), 'untracked\n');
  return contentsOf(dir);
}

describe.runIf(hasDisks)('when the power is cut after any step, and it is called again', () => {
  const timeout = 120_000 * inject('slowness');

  it('a worktree is made whole', { timeout }, async () => {
    const points = await everyPoint(async (at) => ({
      run: (options) => addWorktree(at.wanted, options),
      check: async (where) => {
        expect(await readdir(at.trees), where).toEqual(['t1']);
        expect(await contentsOf(at.wanted.dir), where).toEqual(await contentsOf(at.repository));
        expect(await at.git(['status', '--porcelain', '--branch'], at.wanted.dir), where).toBe('## runtime/t1');
        expect(await readdir(join(at.repository, '.git/worktrees')), where).toEqual(['t1']);
      },
    }));
    expect(points).toBeGreaterThanOrEqual(8);
  });

  it('everything that was there is preserved', { timeout }, async () => {
    const points = await everyPoint(async (at) => {
      const worktree = await addWorktree(at.wanted, at.options);
      const files = await work(at, worktree);
      const request = { worktree, ref: preserved, message: 'kept' };
      return {
        run: (options) => preserveWorktree(request, options),
        check: async (where) => expect(await contentsOfCommit(at, preserved), where).toEqual(files),
      };
    });
    expect(points).toBeGreaterThanOrEqual(4);
  });

  it('what was preserved is there, and the worktree is gone', { timeout }, async () => {
    const points = await everyPoint(async (at) => {
      const worktree = await addWorktree(at.wanted, at.options);
      const files = await work(at, worktree);
      await preserveWorktree({ worktree, ref: preserved, message: 'kept' }, at.options);
      const remove = (options: WorktreeOptions) => removeWorktree({ worktree, preserved, branch: 'remove' }, options);
      return {
        run: orPreserved(at, worktree, remove),
        check: async (where) => {
          expect(await keptIn(at), where).toContainEqual(files);
          expect(await readdir(at.trees), where).toEqual([]);
          expect(await readdir(join(at.repository, '.git/worktrees')).catch(() => []), where).toEqual([]);
        },
      };
    });
    expect(points).toBeGreaterThanOrEqual(8);
  });

  it('a worktree is as its base was, and what was in it is preserved', { timeout }, async () => {
    const points = await everyPoint(async (at) => {
      const worktree = await addWorktree(at.wanted, at.options);
      const base = await contentsOf(worktree.dir);
      const files = await work(at, worktree);
      await symlink('a.txt', join(worktree.dir, 'link'));
      await preserveWorktree({ worktree, ref: preserved, message: 'kept' }, at.options);
      return {
        run: orPreserved(at, worktree, (options) => restoreWorktree({ worktree, preserved }, options)),
        check: async (where) => {
          expect(await keptIn(at), where).toContainEqual(expect.objectContaining(files));
          expect(await contentsOf(worktree.dir), where).toEqual(base);
          expect(await at.git(['status', '--porcelain', '--branch'], worktree.dir), where).toBe('## runtime/t1');
        },
      };
    });
    expect(points).toBeGreaterThanOrEqual(6);
  });
});

it.runIf(hasDisks).each([true, false])(
  'what an agent has just written and committed is there once it is preserved (somebody else syncs: %j)',
  async (isSynced) => {
    await using disk = await makeDisk(128);
    const at = await makeGround(disk);
    const worktree = await addWorktree(at.wanted, at.options);
    await disk.sync();
    const files = await work(at, worktree);
    await preserveWorktree({ worktree, ref: preserved, message: 'kept' }, at.options);
    if (isSynced) await syncAnother(disk);
    await disk.cutPower();
    expect(await contentsOfCommit(at, preserved)).toEqual(files);
    expect(await contentsOf(worktree.dir)).toEqual(files);
    await at.git(['fsck', '--strict', '--no-dangling']);
  },
);
