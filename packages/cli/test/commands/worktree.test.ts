import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MemoryStep } from '@runtime/conformance/memory-runtime';
import { describe, expect, it } from 'vitest';
import { Lab, Sink } from '../support/lab.ts';

const run = promisify(execFile);

async function git(cwd: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' };
  const identity = ['-c', 'user.name=me', '-c', 'user.email=me@example.com'];
  return (await run('git', [...identity, ...args], { cwd, env })).stdout.trim();
}

async function openIn(steps: (text: string) => readonly MemoryStep[]): Promise<Lab> {
  const lab = await Lab.open(({ text }) => steps(text));
  await git(lab.workspace, 'init', '-q', '-b', 'main');
  await writeFile(join(lab.workspace, 'a.txt'), 'one\ntwo\nthree\n');
  await git(lab.workspace, 'add', '.');
  await git(lab.workspace, 'commit', '-qm', 'first');
  return lab;
}

const work = (text: string): readonly MemoryStep[] => [
  { do: 'write', path: 'a.txt', text: 'one\nTWO\nthree\n' },
  { do: 'write', path: 'new.txt', text: `${text}\n` },
  { do: 'say', text: 'done' },
  ...(text === 'hang' ? [{ do: 'hang' } as const] : []),
];

describe('a task with a worktree', () => {
  it('is reviewed with diff and taken over with apply, with an owner and without', async () => {
    await using lab = await openIn(work);
    await writeFile(join(lab.workspace, 'mine.txt'), 'mine\n');
    expect(await lab.run('run', 'go', '--worktree')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('kept changes.patch'),
    });
    expect(await readFile(join(lab.workspace, 'a.txt'), 'utf8')).toBe('one\ntwo\nthree\n');
    for (const close of [false, true]) {
      if (close) await lab.closeOwners();
      const { stdout } = await lab.run('diff', 'last');
      expect(stdout).toContain('-two\n+TWO\n');
      expect(stdout).toContain('+++ b/new.txt');
      expect((await lab.run('diff', 'last', '--stat')).stdout).toBe(
        'modified        +1 -1  a.txt\nadded           +1 -0  new.txt\n',
      );
      expect((await lab.run('diff', 'last', '-q')).stdout).toBe('a.txt\nnew.txt\n');
      expect((await lab.run('diff', 'last', '--json')).json()).toMatchObject({
        base: await git(lab.workspace, 'rev-parse', 'HEAD'),
        files: [{ path: 'a.txt', added: 1, deleted: 1 }, { path: 'new.txt' }],
      });
      expect((await lab.run('status', 'last')).stdout).toMatch(
        /worktree +\/.*\(runtime\/task-\w+ from [0-9a-f]{10}, changed\)/,
      );
    }
    expect((await lab.run('apply', 'last', '--check')).stdout).toMatch(/^the changes of task \w+ apply to /);
    expect(existsSync(join(lab.workspace, 'new.txt'))).toBe(false);
    expect((await lab.run('apply', 'last')).stdout).toMatch(/^applied the changes of task \w+ to /);
    expect(await readFile(join(lab.workspace, 'a.txt'), 'utf8')).toBe('one\nTWO\nthree\n');
    expect(await readFile(join(lab.workspace, 'new.txt'), 'utf8')).toBe('go\n');
    expect(await readFile(join(lab.workspace, 'mine.txt'), 'utf8')).toBe('mine\n');
    const again = await lab.run('apply', 'last');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('does not apply') });
  });

  it('is merged where it does not apply, and the conflicts are named', async () => {
    await using lab = await openIn(work);
    await lab.run('run', 'go', '--worktree');
    await writeFile(join(lab.workspace, 'a.txt'), 'one\n2\nthree\n');
    await git(lab.workspace, 'commit', '-qam', 'second');
    const refused = await lab.run('apply', 'last');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--three-way') });
    expect(refused.stderr).not.toContain('threeWay');
    const merged = await lab.run('apply', 'last', '--three-way');
    expect(merged).toMatchObject({ code: 1, stdout: 'conflict  a.txt\n' });
    expect(await readFile(join(lab.workspace, 'a.txt'), 'utf8')).toContain('<<<<<<<');
  });

  it('is looked at while it works, and touched by nobody', async () => {
    await using lab = await openIn(work);
    const id = (await lab.run('submit', 'hang', '--worktree', 'main')).stdout.trim();
    await expect.poll(async () => (await lab.run('diff', id, '-q')).stdout).toBe('a.txt\nnew.txt\n');
    expect(await lab.run('apply', id)).toMatchObject({ code: 1, stderr: expect.stringContaining('has not ended') });
    const stdout = new Sink(true);
    stdout.columns = 40;
    expect((await lab.start(['diff', id], { stdout }).ended).stdout).toContain('+TWO');
    await lab.run('cancel', id, '--wait');
    expect((await lab.run('diff', id, '-q')).stdout).toBe('a.txt\nnew.txt\n');
  });

  it('works again in one of its own, and is continued where it worked', async () => {
    await using lab = await openIn(work);
    const id = (await lab.run('run', 'go', '--worktree', '-q', '--json')).records();
    expect(id.length).toBeGreaterThan(0);
    await lab.run('requeue', 'last');
    await expect
      .poll(async () => (await lab.run('list', '-q', '--status', 'succeeded')).stdout.split('\n'))
      .toHaveLength(3);
    const tasks = (await lab.run('list', '--json')).json() as { worktree: { dir: string } }[];
    expect(new Set(tasks.map(({ worktree }) => worktree.dir)).size).toBe(2);
    const continued = await lab.run('run', 'more', '--continue', 'last', '--json');
    expect(continued.code).toBe(0);
    const [newest] = (await lab.run('list', '--json')).json() as { workspace: string }[];
    expect(newest?.workspace).toBe(tasks[0]?.worktree.dir);
  });

  it.each([
    [['run', 'x', '--worktree', 'nope'], 2, 'nope'],
    [['run', 'x', '--on-restart', 'restore'], 2, '--worktree'],
    [['run', 'x', '--continue', 'last', '--worktree'], 2, '--worktree'],
    [['diff', 'last'], 2, 'has no worktree'],
    [['apply', 'last'], 2, 'has no worktree'],
    [['diff', 'task-none'], 3, 'no task'],
  ])('is refused: %j', async (args, code, message) => {
    await using lab = await openIn(work);
    await lab.run('run', 'plain');
    expect(await lab.run(...args)).toMatchObject({ code, stderr: expect.stringContaining(message) });
  });

  it('is applied to no checkout of another repository, unless that is named', async () => {
    await using lab = await openIn(work);
    await lab.run('run', 'go', '--worktree');
    const other = join(lab.workspace, '..', 'other');
    await git(lab.workspace, 'clone', '-q', lab.workspace, other);
    const { id } = ((await lab.run('list', '--json')).json() as { id: string }[])[0]!;
    const there = lab.start(['apply', id], { cwd: other });
    expect(await there.ended).toMatchObject({ code: 2, stderr: expect.stringContaining('no checkout of') });
    expect(await lab.run('apply', id, '--to', '../other')).toMatchObject({ code: 0 });
    expect(await readFile(join(other, 'new.txt'), 'utf8')).toBe('go\n');
  });
});
