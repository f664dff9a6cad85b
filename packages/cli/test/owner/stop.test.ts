import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { ControlPlane } from '@runtime/contracts';
import { openControlPlane } from '@runtime/control-plane';
import { describe, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { isOlder } from '../../src/plane/versions.ts';
import { shortId } from '../../src/render/short-id.ts';
import { lives, ProcessLab, until } from '../support/process-lab.ts';

// Each test is a handful of processes; on a busy machine each takes seconds to start.
vi.setConfig({ testTimeout: 120_000 });

const main = 'memory-main';
const patient = { timeout: 60_000 * inject('slowness'), interval: 100 };

async function openings(lab: ProcessLab): Promise<number> {
  const { stdout } = await lab.start('events', '--type', 'plane.opened', '--json');
  return stdout.trim().split('\n').length;
}

async function newest(lab: ProcessLab): Promise<string> {
  const { stdout } = await lab.start('list', '-q', '--limit', '1');
  return stdout.trim();
}

const infoSchema = z.object({ pid: z.int(), version: z.string() });

describe.skipIf(process.platform !== 'linux')('runtime stop', () => {
  it('lets the owner leave, says what goes on, and the next command takes it up', async () => {
    await using lab = await ProcessLab.open(main);
    for (const text of ['hang', 'hang too']) await lab.start('submit', text, '--share-workspace');
    const pid = (await lab.ownerPid()) ?? 0;
    const stopped = await lab.start('stop');
    expect(stopped).toMatchObject({ exitCode: 0, stderr: '' });
    expect(stopped.stdout).toBe(
      `the owner (pid ${pid}) has left; 2 tasks go on without an owner, until the next task or runtime serve takes them up\n`,
    );
    await expect.poll(() => lives(pid), patient).toBe(false);
    expect(await lab.ownerPid()).toBeUndefined();
    expect(await lab.start('submit', 'three', '--share-workspace')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await lab.ownerPid()).not.toBe(pid);
  });

  it('may be said again, by several at once, and with --json', async () => {
    await using lab = await ProcessLab.open(main);
    expect(await lab.start('stop')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing to stop') });
    await lab.start('submit', 'one');
    const pid = await lab.ownerPid();
    const all = await Promise.all([1, 2, 3].map(() => lab.start('stop', '--json')));
    for (const { exitCode, stderr } of all) expect([exitCode, stderr]).toEqual([0, '']);
    const answers: unknown[] = all.map(({ stdout }) => JSON.parse(stdout));
    expect(answers).toContainEqual({ stopped: true, pid, unfinished: 0 });
    expect(JSON.parse((await lab.start('stop', '--json')).stdout)).toEqual({ stopped: false });
  });

  it('ends a serve in the foreground with exit code 0', async () => {
    await using lab = await ProcessLab.open(main);
    const serve = lab.start('serve');
    await until(serve, 'stdout', 'serving');
    expect(await lab.start('stop')).toMatchObject({ exitCode: 0 });
    expect(await serve).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('asked to leave by cli') });
  });

  it('is refused by a host that owns the plane as a part of its own work, which a newer command does not evict', async () => {
    await using lab = await ProcessLab.open(main);
    await using plane = await openControlPlane({ dataDir: lab.dataDir, adapters: [memoryRuntime()], listen: true });
    const refused = await lab.start('stop');
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toContain(`process ${process.pid}`);
    await lab.tell({ version: '99.0.0' });
    expect(await lab.start('submit', 'one')).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await plane.tasks()).length).toBe(1);
    await plane.close();
  });

  it('does not wait for the process of a host that lets go of its plane and lives on, and nor does a newer command', async () => {
    await using lab = await ProcessLab.open(main);
    const host = (): Promise<ControlPlane> => {
      const onLeaveRequest = (): void => void plane.then((held) => held.close());
      const options = { dataDir: lab.dataDir, adapters: [memoryRuntime()], listen: true, version: '0.0.1' };
      const plane = openControlPlane({ ...options, onLeaveRequest });
      return plane;
    };
    await host();
    const stopped = await lab.start('stop');
    expect(stopped).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining(`pid ${process.pid}`) });
    await host();
    await lab.tell({ version: '99.0.0' });
    expect(await lab.start('submit', 'one')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await lab.ownerPid()).not.toBe(process.pid);
  });

  it('ends an open run and watch, which start no owner and say in one line how to come back', async () => {
    await using lab = await ProcessLab.open(main);
    const run = lab.start('run', 'hang');
    await until(run, 'stdout', 'working');
    const id = await newest(lab);
    const watch = lab.start('watch', 'last', '-q');
    await until(watch, 'stdout', 'working');
    expect(await lab.start('stop')).toMatchObject({ exitCode: 0, stderr: '' });
    const line = `the owner was stopped; agents go on; to watch again: runtime watch ${shortId(id)}\n`;
    expect(await run).toMatchObject({ exitCode: 130, stderr: line });
    expect(await watch).toMatchObject({ exitCode: 130, stderr: line });
    expect(await lab.ownerPid()).toBeUndefined();
    expect(await openings(lab)).toBe(1);
  });

  it('tells a program that watches with --json why its events end', async () => {
    await using lab = await ProcessLab.open(main);
    const run = lab.start('run', 'hang', '--json');
    await until(run, 'stdout', 'working');
    await lab.start('stop');
    const { exitCode, stdout, stderr } = await run;
    expect([exitCode, stderr]).toEqual([130, '']);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      error: { code: 'CANCELLED', message: 'the owner was stopped; agents go on', hint: expect.any(String) },
    });
  });

  it('lets events -f go on, which says that no owner lives, until there is one again', async () => {
    await using lab = await ProcessLab.open(main);
    await lab.start('submit', 'hang');
    const id = await newest(lab);
    const events = lab.start('events', '-f', id);
    await until(events, 'stdout', 'turn.started');
    await lab.start('stop');
    await until(events, 'stderr', 'no owner lives');
    expect(await lab.start('cancel', id)).toMatchObject({ exitCode: 0 });
    expect(await events).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('task.ended') });
  });

  it('says at once when the owner is stopped', async () => {
    await using lab = await ProcessLab.open(main);
    await lab.start('submit', 'one');
    const pid = (await lab.ownerPid()) ?? 0;
    process.kill(pid, 'SIGSTOP');
    const refused = await lab.start('stop');
    process.kill(pid, 'SIGCONT');
    expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(`kill -CONT ${pid}`) });
  });
});

describe.skipIf(process.platform !== 'linux')('a new version', () => {
  it('takes over beside an open run of the older one, which follows it and starts no owner of its own', async () => {
    await using lab = await ProcessLab.open(main);
    await lab.tell({ version: '1.4.0' });
    const run = lab.start('run', 'hang');
    await until(run, 'stdout', 'working');
    const id = await newest(lab);
    const old = await lab.ownerPid();
    await lab.tell({ version: '1.10.0' });
    expect(await lab.start('submit', 'one', '--share-workspace')).toMatchObject({ exitCode: 0, stderr: '' });
    const newer = await lab.ownerPid();
    expect(newer).not.toBe(old);
    expect(await lab.start('cancel', id)).toMatchObject({ exitCode: 0 });
    const { exitCode, stdout, stderr } = await run;
    expect([exitCode, stderr]).toEqual([1, '']);
    expect(stdout).toContain('cancelled');
    expect(await lab.ownerPid()).toBe(newer);
    expect(await openings(lab)).toBe(2);
  });

  it('takes over from an older owner, also when two commands find it at the same time; an older one does not', async () => {
    await using lab = await ProcessLab.open(main);
    await lab.tell({ version: '1.4.0' });
    await lab.start('submit', 'hang');
    const old = (await lab.ownerPid()) ?? 0;
    await lab.tell({ version: '1.10.0-rc.1' });
    const both = await Promise.all(['a', 'b'].map((text) => lab.start('submit', text, '--share-workspace')));
    for (const { exitCode, stderr } of both) expect([exitCode, stderr]).toEqual([0, '']);
    await expect.poll(() => lives(old), patient).toBe(false);
    const newer = await lab.ownerPid();
    expect(await openings(lab)).toBe(2);
    for (const version of ['1.9.9', '1.10.0-rc.1']) {
      await lab.tell({ version });
      expect(await lab.start('submit', 'c', '--share-workspace')).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await lab.ownerPid()).toBe(newer);
    }
    const served = await lab.start('serve', '--detach', '--json');
    expect(infoSchema.parse(JSON.parse(served.stdout))).toEqual({ pid: newer, version: '1.10.0-rc.1' });
  });

  it.each([
    ['1.2.3', '1.2.4', true],
    ['1.9.0', '1.10.0', true],
    ['1.0.0-rc.1', '1.0.0', true],
    ['1.0.0-rc.2', '1.0.0-rc.10', true],
    ['1.0.0-1', '1.0.0-rc', true],
    ['1.0.0-rc', '1.0.0-rc.1', true],
    ['1.0.0', '1.0.0-rc.1', false],
    ['2.0.0', '1.9.9', false],
    ['1.0.0', '1.0.0', false],
    ['unknown', '1.0.0', false],
  ])('%s before %s: %s', (version, than, expected) => {
    expect(isOlder(version, than)).toBe(expected);
  });
});

describe.skipIf(process.platform !== 'linux')('an owner whose log cannot be written any more', () => {
  it('exits with a code that is not 0, says why, and the next owner goes on', async () => {
    await using lab = await ProcessLab.open(main);
    const sign = join(lab.root, 'disk-fails');
    await lab.tell({ diskFailsAt: sign });
    const serve = lab.start('serve');
    await until(serve, 'stdout', 'serving');
    await lab.start('submit', 'hang');
    await writeFile(sign, '');
    // An append of the agent's may meet it first.
    await lab.start('submit', 'lost', '--share-workspace');
    const { exitCode, stderr } = await serve;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('a write or sync failed');
    await rm(sign);
    expect(await lab.start('submit', 'next', '--share-workspace')).toMatchObject({ exitCode: 0, stderr: '' });
  });
});
