import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { taskViewSchema, type TaskView } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { shortId } from '../../src/render/short-id.ts';
import { Lab, Sink } from '../support/lab.ts';

const view = (document: unknown): TaskView => taskViewSchema.parse(document);

describe('the short form of an id', () => {
  const ulid = (end: string): string => `task-01m8c7rek0${'0'.repeat(16 - end.length)}${end}`;

  it('is its end, which is random, and longer where another one ends alike', () => {
    expect(shortId(ulid('k3f9x2'))).toBe('k3f9x2');
    expect(shortId(ulid('k3f9x2'), [ulid('k3f9x2'), ulid('zzk3f9x2')])).toBe('0k3f9x2');
  });

  it('is the whole id where that is not made of time and chance', () => {
    expect(shortId('nightly-build')).toBe('nightly-build');
  });
});

describe('naming a task', () => {
  it('takes what the list shows, in either case, and any unique part', async () => {
    await using lab = await Lab.open();
    const { id } = view((await lab.run('submit', 'x', '--json')).json());
    await lab.run('submit', 'y', '--share-workspace');
    const [, row = ''] = (await lab.run('list')).stdout
      .split('\n')
      .filter((line) => line.endsWith(' x') || line.startsWith('TASK'));
    const shown = row.split(' ')[0] ?? '';
    expect(shown).toHaveLength(6);
    for (const part of [shown, shown.toUpperCase(), id, id.slice(5), id.slice(0, -1), id.slice(-9, -1)])
      expect([part, view((await lab.run('status', part, '--json')).json()).id]).toEqual([part, id]);
  });

  it('never guesses: an ambiguous part and a short one are refused, with what would do', async () => {
    await using lab = await Lab.open();
    const first = (await lab.run('submit', 'one thing', '--share-workspace')).stdout.trim();
    await lab.run('submit', 'another', '--share-workspace');
    const ambiguous = await lab.run('cancel', 'task');
    expect(ambiguous.code).toBe(2);
    expect(ambiguous.stderr).toContain('task stands for 2 tasks');
    expect(ambiguous.stderr).toContain(`${shortId(first)} (one thing)`);
    const short = await lab.run('status', first.slice(-3));
    expect(short).toMatchObject({ code: 3, stderr: expect.stringContaining('at least 4 characters') });
    expect(await lab.run('status', 'zzzzzz')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no task "zzzzzz"'),
    });
  });

  it('prints an id alone from submit and requeue, for $(…)', async () => {
    await using lab = await Lab.open();
    const submitted = await lab.run('submit', 'x');
    expect(submitted).toMatchObject({ stdout: expect.stringMatching(/^task-[0-9a-z]{26}\n$/), stderr: '' });
    await lab.run('wait', submitted.stdout.trim());
    expect(await lab.run('requeue', submitted.stdout.trim())).toMatchObject({
      stdout: expect.stringMatching(/^task-[0-9a-z]{26}\n$/),
      stderr: '',
    });
    const shown = await lab.start(['submit', 'y'], { stdout: new Sink(true) }).ended;
    expect(shown.stdout).toMatch(/^task-[0-9a-z]{26}\n$/);
    expect(shown.stderr).toBe(`to watch it: runtime watch ${shortId(shown.stdout.trim())}\n`);
    const quiet = await lab.start(['submit', 'y', '-q'], { stdout: new Sink(true) }).ended;
    expect(quiet.stderr).toBe('');
  });
});

describe('last', () => {
  it('is the newest task of this directory, and says which one it took', async () => {
    await using lab = await Lab.open();
    const other = join(lab.root, 'other');
    await mkdir(other);
    const here = (await lab.run('submit', 'mine')).stdout.trim();
    const there = (await lab.start(['submit', 'theirs'], { cwd: other }).ended).stdout.trim();
    const status = await lab.run('status', 'last', '--json');
    expect(view(status.json()).id).toBe(here);
    expect(status.stderr).toBe(`last is ${shortId(here)}: mine\n`);
    expect(view((await lab.start(['status', 'last', '--json', '-q'], { cwd: other }).ended).json()).id).toBe(there);
    expect(view((await lab.run('status', 'LAST', '--json')).json()).id).toBe(here);
  });

  it('is refused in a directory without a task, with the newest one elsewhere', async () => {
    await using lab = await Lab.open();
    const empty = join(lab.root, 'empty');
    await mkdir(empty);
    expect(await lab.start(['status', 'last'], { cwd: empty }).ended).toMatchObject({ code: 3 });
    const id = (await lab.run('submit', 'x')).stdout.trim();
    const refused = await lab.start(['cancel', 'last'], { cwd: empty }).ended;
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain(`no task has worked in ${empty}`);
    expect(refused.stderr).toContain(`the newest one elsewhere is ${shortId(id)}, in ${lab.workspace}`);
  });
});
