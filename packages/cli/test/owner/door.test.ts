import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { lives, ProcessLab, until } from '../support/process-lab.ts';

// Each test is a handful of processes; on a busy machine each takes seconds to start.
vi.setConfig({ testTimeout: 120_000 });

const main = 'memory-main';
const patient = { timeout: 60_000 * inject('slowness'), interval: 100 };
const ownerSchema = z.looseObject({ pid: z.int(), socketPath: z.string() });

async function ownerOf(lab: ProcessLab) {
  return ownerSchema.parse(JSON.parse(await readFile(join(lab.dataDir, 'owner.json'), 'utf8')));
}

async function inode(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.ino;
}

/** The owner may make the directory again before the file is there: then once more. */
async function replaceByFile(directory: string): Promise<void> {
  await expect
    .poll(async () => {
      await rm(directory, { recursive: true, force: true });
      await writeFile(directory, 'no directory any more', { flag: 'wx' });
    }, patient)
    .toBeUndefined();
}

describe.skipIf(process.platform !== 'linux')('the door of an owner', () => {
  it('is found after the runtime directory of the login has vanished', async () => {
    await using lab = await ProcessLab.open(main);
    const login = join(lab.root, 'x');
    await mkdir(login, { mode: 0o700 });
    lab.env['XDG_RUNTIME_DIR'] = login;
    const { stdout } = await lab.start('submit', 'hang', '--json');
    const { id } = z.object({ id: z.string() }).parse(JSON.parse(stdout));
    const pid = await lab.ownerPid();
    await rm(login, { recursive: true });
    await mkdir(login, { mode: 0o700 });
    expect(await lab.start('submit', 'two', '--share-workspace')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await lab.start('cancel', id, '--wait')).toMatchObject({ stderr: '' });
    expect(await lab.ownerPid()).toBe(pid);
  });

  it('is one for shells with different environments, and for every way to write the directory', async () => {
    await using lab = await ProcessLab.open(main);
    expect(await lab.start('submit', 'one')).toMatchObject({ exitCode: 0 });
    const pid = await lab.ownerPid();
    lab.env['XDG_RUNTIME_DIR'] = join(lab.root, 'other');
    lab.env['TMPDIR'] = join(lab.root, 'tmp');
    await mkdir(lab.env['TMPDIR']);
    expect(await lab.start('submit', 'two')).toMatchObject({ exitCode: 0 });
    delete lab.env['XDG_RUNTIME_DIR'];
    expect(await lab.start('submit', 'three', '--data-dir', '../d')).toMatchObject({ exitCode: 0 });
    await mkdir(join(lab.workspace, 'deep'));
    expect(await lab.in('deep').start('submit', 'four', '--data-dir', '../../d')).toMatchObject({ exitCode: 0 });
    expect(await lab.ownerPid()).toBe(pid);
    const opened = await lab.start('events', '--type', 'plane.opened', '--json');
    expect(opened.stdout.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['its socket', (socket: string) => rm(socket)],
    ['its record', (_: string, lab: ProcessLab) => rm(join(lab.dataDir, 'owner.json'))],
    ['both', (socket: string, lab: ProcessLab) => Promise.all([rm(socket), rm(join(lab.dataDir, 'owner.json'))])],
    [
      'its socket for a file',
      // In one step: the owner opens again at once.
      async (socket: string, lab: ProcessLab) => {
        await writeFile(join(lab.root, 'file'), '');
        await rename(join(lab.root, 'file'), socket);
      },
    ],
    [
      'its record for nonsense',
      (_: string, lab: ProcessLab) => writeFile(join(lab.dataDir, 'owner.json'), '['.repeat(9e5)),
    ],
    [
      'its record for one that nobody may read',
      (_: string, lab: ProcessLab) => chmod(join(lab.dataDir, 'owner.json'), 0),
    ],
  ] as const)('comes back after somebody took %s', async (_what, take) => {
    await using lab = await ProcessLab.open(main);
    await lab.start('submit', 'one');
    const { pid, socketPath } = await ownerOf(lab);
    await take(socketPath, lab);
    expect(await lab.start('submit', 'two')).toMatchObject({ exitCode: 0, stderr: '' });
    await expect.poll(async () => (await ownerOf(lab).catch(() => undefined))?.pid, patient).toBe(pid);
    await expect.poll(async () => (await stat((await ownerOf(lab)).socketPath)).isSocket(), patient).toBe(true);
    expect(await lab.start('list', '--json')).toMatchObject({ exitCode: 0 });
  });

  it('moves when its directory cannot be made again, and is found where it went', async () => {
    await using lab = await ProcessLab.open(main);
    // Too long for a socket beside the log.
    lab.env['RUNTIME_DATA_DIR'] = join(lab.root, 'long'.repeat(25));
    const tmp = join(lab.root, 't');
    await mkdir(tmp);
    lab.env['TMPDIR'] = tmp;
    await lab.start('submit', 'one');
    const record = join(lab.env['RUNTIME_DATA_DIR'], 'owner.json');
    const read = async () => ownerSchema.parse(JSON.parse(await readFile(record, 'utf8')));
    const { pid, socketPath } = await read();
    try {
      expect(socketPath.startsWith(tmp)).toBe(true);
      const before = await inode(socketPath);
      // In one step, here and below: the owner makes it again at once.
      await rename(dirname(socketPath), join(lab.root, 'gone'));
      // Removed: it is made again, private as before.
      expect(await lab.start('submit', 'two')).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await inode(socketPath)).not.toBe(before);
      expect((await stat(dirname(socketPath))).mode & 0o777).toBe(0o700);
      await replaceByFile(tmp);
      expect(await lab.start('submit', 'three')).toMatchObject({ exitCode: 0, stderr: '' });
      expect((await read()).pid).toBe(pid);
      expect((await read()).socketPath).not.toContain(tmp);
    } finally {
      process.kill(pid);
      await expect.poll(() => lives(pid), patient).toBe(false);
    }
  });

  it('is not looked for behind the record of an owner of another boot', async () => {
    await using lab = await ProcessLab.open(main);
    await mkdir(lab.dataDir, { mode: 0o700 });
    const stale = {
      pid: process.pid,
      startTime: '1',
      bootId: 'another',
      startedAt: 1,
      socketPath: join(lab.root, 'x'),
    };
    await writeFile(join(lab.dataDir, 'owner.json'), JSON.stringify(stale));
    expect(await lab.start('submit', 'one')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await lab.ownerPid()).not.toBe(process.pid);
  });

  it('says that an owner is stopped, and by which process, after a time', async () => {
    await using lab = await ProcessLab.open(main);
    await lab.start('submit', 'one');
    const pid = (await lab.ownerPid()) ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      const result = await lab.start('submit', 'two');
      expect(result).toMatchObject({ exitCode: 4, stdout: '' });
      expect(result.stderr).toContain(`process ${pid}`);
      expect(result.stderr).toContain(`kill -CONT ${pid}`);
      const listed = await lab.start('list');
      expect(listed).toMatchObject({ exitCode: 0 });
      expect(listed.stderr).toContain(`process ${pid}`);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await lab.start('submit', 'three')).toMatchObject({ exitCode: 0 });
  });

  it('is not taken back by an owner that was replaced', async () => {
    await using lab = await ProcessLab.open(main);
    const serve = lab.start('serve');
    await until(serve, 'stdout', 'serving');
    const { socketPath } = await ownerOf(lab);
    // Another living process stands in the record: whatever it is, this door is not ours any more.
    const other = spawn('sleep', ['100']);
    try {
      const stat = await readFile(`/proc/${other.pid}/stat`, 'utf8');
      const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
      const record = JSON.stringify({ pid: other.pid, startTime, bootId, startedAt: 1, socketPath });
      await writeFile(join(lab.root, 'record'), record);
      await rename(join(lab.root, 'record'), join(lab.dataDir, 'owner.json'));
      await writeFile(join(lab.root, 'other'), 'the door of the other');
      await rename(join(lab.root, 'other'), socketPath);
      serve.kill('SIGTERM');
      expect(await serve).toMatchObject({ exitCode: 0 });
      expect(await readFile(socketPath, 'utf8')).toBe('the door of the other');
      expect(await readFile(join(lab.dataDir, 'owner.json'), 'utf8')).toBe(record);
    } finally {
      other.kill('SIGKILL');
    }
  });
});
