import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Lab, Sink } from '../support/lab.ts';

const open = (): Promise<Lab> =>
  Lab.open(({ text }) => (text === 'hang' ? [{ do: 'hang' }] : [{ do: 'say', text: `did ${text}` }]));

async function idsOf(lab: Lab): Promise<string[]> {
  return (await lab.run('list', '-q')).stdout.split('\n').filter((id) => id !== '');
}

describe('rm', () => {
  it('removes tasks by any name, with an owner and without, and says what went', async () => {
    await using lab = await open();
    for (const prompt of ['a', 'b', 'c', 'd']) await lab.run('run', prompt);
    const [d, c, b, a] = await idsOf(lab);
    const dry = await lab.run('rm', 'last', '--dry-run');
    expect(dry).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^would remove 1 task \(\d+ events, 1 directory/),
    });
    expect(dry.stderr).toContain('last is');
    expect(await idsOf(lab)).toHaveLength(4);
    const removed = await lab.run('rm', a!.slice(-6), 'last', '--why', 'told too much');
    expect(removed.code).toBe(0);
    expect(removed.stdout).toMatch(/^removed 2 tasks \(\d+ events, 2 directories of runs, .*iB\)\n$/);
    expect(removed.stderr).toContain('artifacts gc --remove');
    expect(await idsOf(lab)).toEqual([c, b]);
    expect(await lab.run('status', d!)).toMatchObject({ code: 3 });
    await lab.closeOwners();
    const json = (await lab.run('rm', b!, '--json')).json();
    expect(json).toMatchObject({ tasks: 1, taskIds: [b], runs: 1, dryRun: false });
    expect((await lab.run('rm', c!, '-q')).stdout).toBe(`${c}\n`);
    expect(await idsOf(lab)).toEqual([]);
    expect(await readdir(join(lab.dataDir, 'runs'))).toEqual([]);
    expect((await lab.run('events', '--type', 'log.pruned', '--json')).records()).toMatchObject([
      { by: 'cli', why: 'told too much' },
      { by: 'cli', why: 'told too much' },
      { tasks: [b] },
      { tasks: [c] },
    ]);
    expect(await lab.run('verify')).toMatchObject({ code: 0 });
  });

  it('removes nothing where one of the names is wrong, or a task has not ended', async () => {
    await using lab = await open();
    await lab.run('run', 'a');
    const id = (await lab.run('submit', 'hang')).stdout.trim();
    const refused = await lab.run('rm', id);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('has not ended') });
    expect(refused.stderr).toContain('runtime cancel');
    expect(await lab.run('rm', 'task-nothere', 'last')).toMatchObject({ code: 3 });
    expect(await lab.run('rm')).toMatchObject({ code: 2 });
    expect(await idsOf(lab)).toHaveLength(2);
    await lab.run('cancel', id, '--wait');
  });
});

it('rm removes the others of several tasks where one has to stay, and says which', async () => {
  await using lab = await open();
  for (const prompt of ['a', 'b', 'c']) await lab.run('run', prompt);
  const busy = (await lab.run('submit', 'hang')).stdout.trim();
  const [, c, b, a] = await idsOf(lab);
  const some = await lab.run('rm', a!, busy, b!);
  expect(some).toMatchObject({ code: 1, stdout: expect.stringMatching(/^removed 2 tasks/) });
  expect(some.stderr).toMatch(/stays: task \S+ has not ended \(runtime cancel/);
  expect(await idsOf(lab)).toEqual([busy, c]);
  const json = await lab.run('rm', busy, c!, '--json');
  expect(json.code).toBe(1);
  expect(json.json()).toMatchObject({ tasks: 1, kept: [{ taskId: busy, why: expect.stringContaining('not ended') }] });
  await lab.run('cancel', busy, '--wait');
});

describe('prune', () => {
  it('removes by age, number and size, or says what it would remove', async () => {
    await using lab = await open();
    for (const prompt of ['a', 'b', 'c', 'd']) await lab.run('run', prompt);
    const [d, c, b, a] = await idsOf(lab);
    expect((await lab.run('prune', '--keep', '3', '--dry-run', '-q')).stdout).toBe(`${a}\n`);
    expect((await lab.run('prune', '--older-than', '1d')).stdout).toMatch(/^removed 0 tasks \(0 events/);
    expect((await lab.run('prune', '--older-than', '1ms', '--keep', '3', '--json', '--dry-run')).json()).toMatchObject({
      taskIds: [a, b, c, d],
      dryRun: true,
    });
    expect((await lab.run('prune', '--keep', '2')).stdout).toMatch(/^removed 2 tasks/);
    expect((await lab.run('prune', '--size', '100G')).stdout).toMatch(/^removed 0 tasks/);
    expect((await lab.run('prune', '--size', '0B')).stdout).toMatch(/^removed 2 tasks/);
    expect(await idsOf(lab)).toEqual([]);
    const stdout = new Sink(true);
    stdout.columns = 40;
    const { ended } = lab.start(['prune', '--keep', '0'], { stdout });
    expect(stripVTControlCharacters((await ended).stdout)).toContain('removed 0 tasks');
  });

  it('without a limit goes by the retention of the data directory, and says whose that is', async () => {
    await using lab = await open();
    for (const prompt of ['a', 'b', 'c']) await lab.run('run', prompt);
    expect((await lab.run('prune')).stderr).toContain('the default: tasks of the last 90d, at most 10000 tasks');
    const file = join(lab.dataDir, '..', 'runtime.config.json');
    const say = (retention: unknown): Promise<void> => writeFile(file, JSON.stringify({ retention }));
    await say({ keep: 1, olderThan: '400d' });
    const pruned = await lab.run('prune');
    expect(pruned.stdout).toMatch(/^removed 2 tasks/);
    expect(pruned.stderr).toContain(`of ${file}: tasks of the last 400d, at most 1 tasks`);
    await say(false);
    expect(await lab.run('prune')).toMatchObject({ code: 2, stderr: expect.stringContaining('everything is kept') });
    expect((await lab.run('prune', '--keep', '0')).stdout).toMatch(/^removed 1 task /);
    await say({ keep: 'all' });
    expect(await lab.run('prune')).toMatchObject({ code: 2, stderr: expect.stringContaining('retention') });
  });

  it.each([
    [['--older-than', '30'], 'not a duration'],
    [['--older-than', '5000d'], '3650d'],
    [['--keep', '-1'], 'whole number'],
    [['--keep', 'all'], 'whole number'],
    [['--size', '5 apples'], 'not a size'],
    [['--size', '5000000T'], 'more than any disk'],
  ])('refuses %j', async (args, message) => {
    await using lab = await open();
    const result = await lab.run('prune', ...args);
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
    expect(existsSync(lab.dataDir)).toBe(false);
  });
});

it('doctor says what is kept, and which retention does not count', async () => {
  await using lab = await open();
  const lines = async (): Promise<string> =>
    (await lab.run('doctor')).stdout.split('\n').filter((line) => line.includes('retention'))[0] ?? '';
  expect(await lines()).toMatch(/^ok +retention +the default: tasks of the last 90d, at most 10000 tasks$/);
  await mkdir(lab.workspace, { recursive: true });
  const config = { runtimes: { memory: { adapter: 'local', command: ['true'] } }, retention: { keep: 1 } };
  await writeFile(join(lab.workspace, 'runtime.config.json'), JSON.stringify(config));
  const doctor = (await lab.run('doctor')).stdout;
  expect(doctor).toMatch(/warn +retention +the default/);
  expect(doctor).toContain('does not count');
});
