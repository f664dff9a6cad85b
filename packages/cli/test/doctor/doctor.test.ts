import { AgentRuntimeError } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import {
  checkCredentials,
  checkDirectory,
  checkFileSystem,
  checkFreeSpace,
  checkLock,
  checkNode,
  checkPi,
  checkPlacement,
  checkPlatform,
  checkSocketPath,
  checkTool,
  worst,
} from '../../src/doctor/checks.ts';
import { Lab, quietMachine } from '../support/lab.ts';

describe('the checks of doctor', () => {
  it.each([
    ['v22.19.0', 'ok'],
    ['v24.0.0', 'ok'],
    ['v22.18.9', 'fail'],
    ['v20.20.2', 'fail'],
  ])('Node %s is %s', (version, status) => {
    expect(checkNode(version).status).toBe(status);
  });

  it('refuses network file systems, also with a signed magic number', () => {
    expect(checkFileSystem({ type: 0x6969, freeBytes: 0 }, 'linux')).toMatchObject({ status: 'fail', detail: 'NFS' });
    expect(checkFileSystem({ type: 0xff534d42 | 0, freeBytes: 0 }, 'linux')).toMatchObject({
      status: 'fail',
      detail: 'CIFS',
    });
    expect(checkFileSystem({ type: 0x01021994, freeBytes: 0 }, 'linux').status).toBe('warn');
    expect(checkFileSystem({ type: 0xef53, freeBytes: 0 }, 'linux')).toMatchObject({ status: 'ok', detail: 'ext4' });
    expect(checkFileSystem(undefined, 'linux').status).toBe('warn');
  });

  it('fails without free space and warns before', () => {
    const status = (freeBytes: number) => checkFreeSpace({ type: 1, freeBytes }).status;
    expect([status(10 * 1024 ** 2), status(500 * 1024 ** 2), status(5 * 1024 ** 3)]).toEqual(['fail', 'warn', 'ok']);
  });

  it('counts the bytes of a socket path, not its characters', () => {
    expect(checkSocketPath('x'.repeat(107), 'linux').status).toBe('ok');
    expect(checkSocketPath('x'.repeat(108), 'linux').status).toBe('fail');
    expect(checkSocketPath('ü'.repeat(60), 'linux').status).toBe('fail');
    expect(checkSocketPath('x'.repeat(104), 'darwin').status).toBe('fail');
    expect(checkSocketPath(new AgentRuntimeError('INVALID_ARGUMENT', 'too long'), 'linux').status).toBe('fail');
  });

  it('warns where a service would take the agents with it', () => {
    expect(checkPlacement({ survivesHost: false, service: 'claw.service', wrap: [] })).toMatchObject({
      status: 'warn',
    });
    expect(
      checkPlacement({ survivesHost: true, service: 'claw.service', wrap: ['systemd-run', '--user'] }).detail,
    ).toContain('systemd-run --user');
    expect(checkPlacement({ survivesHost: true, wrap: [] }).status).toBe('ok');
  });

  it('accepts only a data directory of this user alone', () => {
    const facts = { mode: 0o40700, uid: 5, ownUid: 5, isDirectory: true };
    expect(checkDirectory('/d', facts).status).toBe('ok');
    expect(checkDirectory('/d', { ...facts, mode: 0o40755 })).toMatchObject({
      status: 'warn',
      hint: expect.stringContaining('chmod 700'),
    });
    expect(checkDirectory('/d', { ...facts, mode: 0o40777 })).toMatchObject({
      status: 'fail',
      hint: expect.stringContaining('others can write'),
    });
    expect(checkDirectory('/d', { ...facts, uid: 0 }).status).toBe('fail');
    expect(checkDirectory('/d', { ...facts, isDirectory: false }).status).toBe('fail');
    expect(checkDirectory('/d', undefined).status).toBe('ok');
  });

  it('names credentials and never shows them', () => {
    const found = checkCredentials(['A_KEY', 'B_KEY'], { A_KEY: 'sk-secret', B_KEY: '' });
    expect(found).toMatchObject({ status: 'ok', detail: 'A_KEY' });
    expect(JSON.stringify(found)).not.toContain('sk-secret');
  });

  it('warns about a missing tool only where the platform has it', () => {
    expect(checkTool('setpriv', undefined, 'why', 'linux')).toMatchObject({ status: 'warn', hint: 'why' });
    expect(checkTool('setpriv', undefined, 'why', 'darwin').status).toBe('ok');
    expect(checkPlatform('win32').status).toBe('warn');
  });

  it('distinguishes a silent owner from one that serves', () => {
    expect(checkLock({ kind: 'free' }).status).toBe('ok');
    expect(checkLock({ kind: 'served', pid: 7, unfinished: 2 }).detail).toContain('process 7');
    expect(checkLock({ kind: 'silent', pid: 7 }).status).toBe('warn');
  });

  it('warns of files that Pi cannot read, and names the providers with a login', () => {
    const facts = { agentDir: '/a', faults: [], providers: ['anthropic', 'openai'] };
    expect(checkPi(facts)).toMatchObject({ status: 'ok', detail: '/a: logins of anthropic, openai' });
    const fault = { file: '/a/auth.json', name: 'auth.json', why: 'is not JSON' };
    expect(checkPi({ ...facts, faults: [fault] })).toMatchObject({
      status: 'warn',
      detail: '/a/auth.json is not JSON',
      hint: expect.stringContaining('/a/auth.json'),
    });
  });

  it('is as bad as the worst check', () => {
    const check = (status: 'ok' | 'warn' | 'fail') => ({ name: 'x', status, detail: '' });
    expect(worst([check('ok'), check('warn')])).toBe('warn');
    expect(worst([check('fail'), check('warn')])).toBe('fail');
    expect(worst([])).toBe('ok');
  });
});

describe('runtime doctor', () => {
  it('checks everything, starts nothing, and succeeds with warnings', async () => {
    await using lab = await Lab.open();
    lab.overrides = { env: { ANTHROPIC_API_KEY: 'sk-secret', PATH: '' } };
    const result = await lab.run('doctor', '--json');
    expect(result.code).toBe(0);
    expect(lab.started).toBe(0);
    expect(result.stdout).not.toContain('sk-secret');
    expect(result.json()).toMatchObject({
      status: 'warn',
      checks: expect.arrayContaining([
        expect.objectContaining({ name: 'credentials', detail: 'ANTHROPIC_API_KEY' }),
        expect.objectContaining({ name: 'pi', status: 'ok' }),
        expect.objectContaining({ name: 'tmux', detail: 'tmux 3.3a' }),
        expect.objectContaining({ name: 'owner', status: 'ok' }),
      ]),
    });
  });

  it('fails where the data directory cannot be trusted', async () => {
    await using lab = await Lab.open();
    lab.overrides = {
      machine: { ...quietMachine, fileSystem: () => Promise.resolve({ type: 0x6969, freeBytes: 1e12 }) },
    };
    const result = await lab.run('doctor');
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/fail {2}file system +NFS/);
  });
});
