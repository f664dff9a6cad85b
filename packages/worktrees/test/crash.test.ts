import { cp, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  abandonWorktree,
  addWorktree,
  preserveWorktree,
  removeWorktree,
  restoreWorktree,
  type Worktree,
  type WorktreeOptions,
} from '../src/index.ts';
import { stopAt, Stopped } from '../src/testing.ts';
import { contentsOf, contentsOfCommit, ground, preservedAs, wantedOf, type Ground } from './support/repository.ts';

/** What an agent leaves: commits, staged and changed files, a detached HEAD and names that are no UTF-8. */
async function work(at: Ground, { dir }: Worktree): Promise<Map<string, string>> {
  await at.write('a.txt', 'committed', dir);
  await at.git(['commit', '-q', '-a', '-m', 'the agent'], dir);
  await at.git(['switch', '-q', '--detach'], dir);
  await at.write('b.txt', 'committed too', dir);
  await at.git(['add', 'b.txt'], dir);
  await at.git(['commit', '-q', '-m', 'in no branch'], dir);
  await at.write('b.txt', 'staged', dir);
  await at.git(['add', 'b.txt'], dir);
  await at.write('b.txt', 'changed', dir);
  await at.write('new/na\nme', 'untracked', dir);
  await symlink('a.txt', join(dir, 'link'));
  return contentsOf(dir);
}

/** Every file is in the worktree, wherever it stands, or in a preserved commit. */
async function expectAll(at: Ground, files: ReadonlyMap<string, string>, where: string): Promise<void> {
  const places = (await at.git(['for-each-ref', '--format=%(objectname)', 'refs/runtime/preserved'])).split('\n');
  const kept = await Promise.all(places.filter(Boolean).map((commit) => contentsOfCommit(at, commit)));
  const trees = join(at.root, 'trees');
  for (const name of await readdir(trees)) kept.push(await contentsOf(join(trees, name)));
  const isKept = kept.some((there) => [...files].every(([path, content]) => there.get(path) === content));
  expect(isKept, `everything is kept, stopped ${where}`).toBe(true);
}

interface Operation {
  readonly run: (options: WorktreeOptions) => Promise<unknown>;
  readonly check: (where: string) => Promise<void>;
  readonly finished: (result: unknown) => Promise<void>;
}

/**
 * Runs it again and again, on copies of what was prepared, each time stopped after a later step, the first time before
 * any, and then to its end. Even points are those before a step: what is there then is what was there after the one before.
 */
async function everyPoint(prepare: (at: Ground) => Promise<() => Operation>): Promise<number> {
  await using at = await ground();
  const operation = await prepare(at);
  const copy = `${at.root}-prepared`;
  const options = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
  await cp(at.root, copy, options);
  try {
    for (let point = 0; ; point += point === 0 ? 1 : 2) {
      const { run, check, finished } = operation();
      const stop = stopAt(point);
      const stopped = await run({ ...at.options, around: stop.around }).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!stop.isReached()) return point;
      if (!(stopped instanceof Stopped)) throw stopped;
      await check(stopped.message);
      await finished(await run(at.options));
      await check(`${stopped.message}, and called again`);
      await at.git(['fsck', '--strict', '--no-dangling']);
      await rm(at.root, { recursive: true });
      await cp(copy, at.root, options);
    }
  } finally {
    await rm(copy, { recursive: true });
  }
}

describe('whatever step it is stopped at, and called again', () => {
  it('a worktree is whole or not there, and then is made', async () => {
    const points = await everyPoint(async (at) => {
      const there = await contentsOf(at.repository);
      const trees = join(at.root, 'trees');
      return () => ({
        run: (options) => at.add('t1', options),
        check: async () => {
          expect(await contentsOf(at.repository)).toEqual(there);
          const names = await readdir(trees).catch((): string[] => []);
          if (names.includes('t1')) expect(await contentsOf(join(trees, 't1'))).toEqual(there);
        },
        finished: async (worktree) => {
          expect(worktree).toMatchObject({ dir: join(trees, 't1'), gitDir: join(at.repository, '.git/worktrees/t1') });
          expect(await readdir(trees)).toEqual(['t1']);
          expect(await contentsOf(join(trees, 't1'))).toEqual(there);
          expect(await readdir(join(at.repository, '.git/worktrees'))).toEqual(['t1']);
          expect(await at.git(['status', '--porcelain'], join(trees, 't1'))).toBe('');
        },
      });
    });
    expect(points).toBeGreaterThanOrEqual(16);
  });

  it('a worktree that nobody wants any more is whole, or leaves nothing behind', async () => {
    const points = await everyPoint(async (at) => {
      const there = await contentsOf(at.repository);
      const wanted = await wantedOf(at);
      return () => ({
        run: (options) => (options.around ? addWorktree(wanted, options) : abandonWorktree(wanted, options)),
        check: () => Promise.resolve(),
        finished: async (worktree) => {
          const { repository, root } = at;
          const left = [
            await readdir(join(root, 'trees')).catch((): string[] => []),
            await readdir(join(repository, '.git/worktrees')).catch((): string[] => []),
          ];
          if (worktree === undefined) {
            expect(left).toEqual([[], []]);
            expect(await at.git(['for-each-ref', 'refs/heads/runtime', 'refs/runtime/base'])).toBe('');
          } else {
            expect(left).toEqual([['t1'], ['t1']]);
            expect(await contentsOf(wanted.dir)).toEqual(there);
          }
        },
      });
    });
    expect(points).toBeGreaterThanOrEqual(16);
  });

  it('a worktree that is abandoned half made leaves nothing behind', async () => {
    const points = await everyPoint(async (at) => {
      const wanted = await wantedOf(at);
      const half = stopAt(9);
      await addWorktree(wanted, { ...at.options, around: half.around }).catch(() => undefined);
      expect(await readdir(join(at.root, 'trees'))).toHaveLength(1);
      return () => ({
        run: (options) => abandonWorktree(wanted, options),
        check: () => Promise.resolve(),
        finished: async (worktree) => {
          expect(worktree).toBeUndefined();
          expect(await readdir(join(at.root, 'trees'))).toEqual([]);
          expect(await at.git(['for-each-ref', 'refs/heads/runtime', 'refs/runtime/base'])).toBe('');
        },
      });
    });
    expect(points).toBeGreaterThanOrEqual(6);
  });

  it('nothing of the agent is lost by preserving', async () => {
    const points = await everyPoint(async (at) => {
      const worktree = await at.add();
      const files = await work(at, worktree);
      const status = await at.git(['status', '--porcelain'], worktree.dir);
      const request = { worktree, ref: preservedAs(), message: 'kept' };
      return () => ({
        run: (options) => preserveWorktree(request, options),
        check: (where) => expectAll(at, files, where),
        finished: async () => {
          expect(await at.git(['status', '--porcelain'], worktree.dir)).toBe(status);
          expect(await contentsOf(worktree.dir)).toEqual(files);
          await at.git(['worktree', 'remove', '-f', '-f', worktree.dir]);
        },
      });
    });
    expect(points).toBeGreaterThanOrEqual(8);
  });

  it.each([false, true])(
    'nothing is lost by removing, and then it is gone (written to meanwhile: %j)',
    async (isLate) => {
      const points = await everyPoint(async (at) => {
        const worktree = await at.add();
        const files = await work(at, worktree);
        await preserveWorktree({ worktree, ref: preservedAs(), message: 'kept' }, at.options);
        return () => {
          const expected = new Map(files);
          let isWritten = false;
          const writing = (options: WorktreeOptions): WorktreeOptions => ({
            ...options,
            around: async (step, run) => {
              if (isLate && step === 'move aside' && !isWritten) {
                await at.write('late', 'late', worktree.dir);
                expected.set('late', '- late');
                isWritten = true;
              }
              return options.around ? options.around(step, run) : run();
            },
          });
          return {
            run: async (options) => {
              const request = { worktree, preserved: preservedAs(), branch: 'remove' as const };
              return removeWorktree(request, writing(options)).catch(async (error: unknown) => {
                // What was written before the directory was moved is the caller's to preserve.
                if (!(error instanceof Error) || !error.message.includes('is not what was preserved')) throw error;
                await preserveWorktree({ worktree, ref: preservedAs(), message: 'kept' }, at.options);
                return removeWorktree(request, options);
              });
            },
            check: (where) => expectAll(at, expected, where),
            finished: async () => {
              expect(await readdir(join(at.root, 'trees'))).toEqual([]);
              expect(await readdir(join(at.repository, '.git/worktrees'))).toEqual([]);
              expect(await at.git(['for-each-ref', 'refs/heads/runtime', 'refs/runtime/base'])).toBe('');
            },
          };
        };
      });
      expect(points).toBeGreaterThanOrEqual(18);
    },
  );

  it('nothing is lost by restoring, and then it is at its base', async () => {
    const points = await everyPoint(async (at) => {
      const worktree = await at.add();
      const base = await contentsOf(worktree.dir);
      const files = await work(at, worktree);
      await preserveWorktree({ worktree, ref: preservedAs(), message: 'kept' }, at.options);
      return () => ({
        run: (options) => restoreWorktree({ worktree, preserved: preservedAs() }, options),
        check: (where) => expectAll(at, files, where),
        finished: async () => {
          expect(await contentsOf(worktree.dir)).toEqual(base);
          expect(await at.git(['status', '--porcelain', '--branch'], worktree.dir)).toBe('## runtime/t1\n');
        },
      });
    });
    expect(points).toBeGreaterThanOrEqual(14);
  });
});
