import { spawnSync } from 'node:child_process';
import {
  chmod,
  chown,
  copyFile,
  cp,
  link,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { defaultDataDir } from '../../src/host/places.ts';
import { programFile, ProcessLab, until } from '../support/process-lab.ts';

// Each test is a handful of processes; on a busy machine each takes seconds to start.
vi.setConfig({ testTimeout: 120_000 });

const main = 'memory-main';
const uid = 12_345;
const asStranger = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
const canBeOther =
  process.getuid?.() === 0 &&
  process.platform === 'linux' &&
  spawnSync('setpriv', [...asStranger, 'true']).status === 0;

/** A place that another user reaches, with a Node that it may execute and the program. */
async function strangersPlace() {
  const root = await mkdtemp('/tmp/stranger-');
  await chmod(root, 0o711);
  const node = join(root, 'node');
  await link(process.execPath, node).catch(() => copyFile(process.execPath, node));
  const programs = join(root, 'programs');
  await cp(dirname(programFile(main)), programs, { recursive: true });
  await chmod(programs, 0o755);
  const home = join(root, 'home');
  await mkdir(home);
  await chown(home, uid, uid);
  const dataDir = join(home, 'd');
  const run = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    execa('setpriv', [...asStranger, node, join(programs, basename(programFile(main))), ...args], {
      cwd: home,
      env: { PATH: '/usr/bin:/bin', TMPDIR: home, ...env },
      extendEnv: false,
      reject: false,
      timeout: Math.round(50_000 * inject('slowness')),
    });
  return {
    root,
    home,
    dataDir,
    run,
    async [Symbol.asyncDispose]() {
      await run({}, 'stop', '--data-dir', dataDir);
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A message for people: what is wrong and what to do, in two lines, and no stack. */
function expectOneLine(stderr: string, ...parts: readonly string[]): void {
  const lines = stderr.trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['error', 'hint']);
  for (const part of parts) expect(stderr).toContain(part);
}

describe.skipIf(!canBeOther)('a user that is in no list of users (root and setpriv are needed to try it)', () => {
  it('works where it names a data directory, and is told to where it has no home', async () => {
    await using place = await strangersPlace();
    const refused = await place.run({}, 'list');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expectOneLine(refused.stderr, 'no home directory', '--data-dir');
    expect(await place.run({}, '--version')).toMatchObject({ exitCode: 0 });
    const done = await place.run({}, 'run', 'x', '-q', '--data-dir', place.dataDir);
    expect(done).toMatchObject({ exitCode: 0, stdout: 'did x', stderr: '' });
    const unwritable = await place.run({ HOME: '/' }, 'run', 'x');
    expect(unwritable).toMatchObject({ exitCode: 4, stdout: '' });
    expectOneLine(unwritable.stderr, '/.local', '--data-dir');
  });

  it('goes on without a snapshot and a record of the owner that it may not read', async () => {
    await using place = await strangersPlace();
    const at = ['--data-dir', place.dataDir];
    await place.run({}, 'run', 'one', ...at);
    await place.run({}, 'stop', ...at);
    const snapshots = join(place.dataDir, 'log', 'snapshots');
    await mkdir(snapshots);
    await chown(snapshots, uid, uid);
    await writeFile(join(snapshots, 'tasks.json'), '{}', { mode: 0 });
    await writeFile(join(place.dataDir, 'owner.json'), '{}', { mode: 0 });
    expect(await place.run({}, 'run', 'two', '-q', ...at)).toMatchObject({
      exitCode: 0,
      stdout: 'did two',
      stderr: '',
    });
    expect(await place.run({}, 'list', '--json', ...at)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('"one"'),
    });
  });

  it('neither writes nor reads in a data directory of somebody else', async () => {
    await using place = await strangersPlace();
    const foreign = join(place.root, 'foreign');
    await mkdir(foreign);
    await chmod(foreign, 0o777);
    const refused = await place.run({}, 'run', 'x', '--data-dir', foreign);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expectOneLine(refused.stderr, foreign, 'belongs to user 0');
    expect(await readdir(foreign)).toEqual([]);
    await mkdir(join(foreign, 'log'));
    await chmod(foreign, 0o700);
    const unread = await place.run({}, 'list', '--data-dir', foreign);
    expect(unread).toMatchObject({ exitCode: 1, stdout: '' });
    expectOneLine(unread.stderr, foreign, 'may not be read');
  });
});

describe.skipIf(process.platform !== 'linux')('a data directory', () => {
  it.each([
    ['below /proc, where nothing can be made', () => Promise.resolve('/proc/nope'), 4, 'ENOENT'],
    ['below a file', (dir: string) => writeFile(join(dir, 'f'), '').then(() => join(dir, 'f', 'd')), 2, 'below a file'],
    ['that is a file', (dir: string) => writeFile(join(dir, 'f'), '').then(() => join(dir, 'f')), 2, 'not a directory'],
    [
      'that is a link',
      (dir: string) => symlink(join(dir, 'w'), join(dir, 'l')).then(() => join(dir, 'l')),
      2,
      'symbolic link',
    ],
    [
      'that its group may write to',
      async (dir: string) => {
        await chmod(join(dir, 'w'), 0o770);
        return join(dir, 'w');
      },
      1,
      'chmod 700',
    ],
  ] as const)('%s is refused in one line, and nothing is written', async (_what, make, code, part) => {
    await using lab = await ProcessLab.open(main);
    const path = await make(lab.root);
    for (const args of [['run', 'x'], ['serve']]) {
      const refused = await lab.start(...args, '--data-dir', path);
      expect(refused).toMatchObject({ exitCode: code, stdout: '' });
      expectOneLine(refused.stderr, path, part);
    }
    expect(await readdir(lab.workspace)).toEqual([]);
  });

  it('is private when it is made, and by default where the platform keeps such things', async () => {
    await using lab = await ProcessLab.open(main);
    delete lab.env['RUNTIME_DATA_DIR'];
    lab.env['XDG_STATE_HOME'] = join(lab.root, 'state');
    await lab.start('submit', 'x');
    const made = join(lab.root, 'state', 'runtime');
    for (const each of [join(lab.root, 'state'), made, join(made, 'log')])
      expect((await stat(each)).mode & 0o777).toBe(0o700);
    await lab.start('stop');
    expect(defaultDataDir({}, '/h', 'linux')).toBe('/h/.local/state/runtime');
    expect(defaultDataDir({ XDG_STATE_HOME: 'relative' }, '/h', 'linux')).toBe('/h/.local/state/runtime');
    expect(defaultDataDir({}, '/h', 'darwin')).toBe('/h/Library/Application Support/runtime');
    expect(defaultDataDir({}, undefined, 'linux')).toBeUndefined();
  });
});

describe.skipIf(process.platform !== 'linux')('a working directory that was removed', () => {
  /** The command line in a directory that is gone once it runs. */
  const inRemoved = (lab: ProcessLab, args: string) => lab.pipe(args, 'cat', 'mkdir gone && cd gone && rmdir ../gone');

  it('keeps nobody from looking, and starts no task somewhere else', async () => {
    await using lab = await ProcessLab.open(main);
    const { stdout } = await lab.start('submit', 'one', '--json');
    const { id } = z.object({ id: z.string() }).parse(JSON.parse(stdout));
    expect(await inRemoved(lab, 'list --json')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await inRemoved(lab, `status ${id} --json`)).toMatchObject({ exitCode: 0, stderr: '' });
    const refused = await inRemoved(lab, 'run two');
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain(join(lab.workspace, 'gone'));
    expect(refused.stderr).not.toContain('    at ');
    expect(await inRemoved(lab, `run three -q --workspace ${lab.workspace}`)).toMatchObject({ stdout: 'did three\n' });
  });

  it('does not trouble an owner that was started in it', async () => {
    await using lab = await ProcessLab.open(main);
    await mkdir(join(lab.workspace, 'here'));
    const serve = lab.in('here').start('serve');
    await until(serve, 'stdout', 'serving');
    await rm(join(lab.workspace, 'here'), { recursive: true });
    expect(await lab.start('run', '-q', 'x')).toMatchObject({ exitCode: 0, stdout: 'did x\n' });
    await lab.start('stop');
    expect(await serve).toMatchObject({ exitCode: 0 });
    const second = inRemoved(lab, 'serve');
    await until(second, 'stdout', 'serving');
    expect(await lab.start('run', '-q', 'y')).toMatchObject({ exitCode: 0, stdout: 'did y\n' });
    await lab.start('stop');
    expect(await second).toMatchObject({ exitCode: 0 });
  });
});
