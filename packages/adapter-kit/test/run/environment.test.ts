import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildEnvironment } from '../../src/run/index.ts';
import { codeOf } from '../support/run.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'adapter-kit-env-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const base = {
  PATH: '/bin',
  LC_TIME: 'C',
  XDG_RUNTIME_DIR: '/run/user/1',
  https_proxy: 'http://proxy',
  SSH_AUTH_SOCK: '/tmp/agent.socket',
  AWS_SECRET_ACCESS_KEY: 'not-for-you-0',
  ANTHROPIC_API_KEY: 'sk-ant-000000',
  RUNTIME_RUN_ID: 'outer',
  NODE_OPTIONS: '--inspect',
  'npm_config_//registry/:_authToken': 'npm-secret',
};

it('passes the default list and what is named, and nothing else', async () => {
  const { env, secrets } = await buildEnvironment({ base, pass: ['ANTHROPIC_*', 'RUNTIME_RUN_ID', 'NOT_THERE'] });
  expect(env).toEqual({
    PATH: '/bin',
    LC_TIME: 'C',
    XDG_RUNTIME_DIR: '/run/user/1',
    https_proxy: 'http://proxy',
    SSH_AUTH_SOCK: '/tmp/agent.socket',
    ANTHROPIC_API_KEY: 'sk-ant-000000',
  });
  expect(secrets).toEqual(['sk-ant-000000']);
  expect((await buildEnvironment({ base, pass: ['*'].slice(1), defaults: ['PATH'] })).env).toEqual({ PATH: '/bin' });
});

it('reads a private file, where everything is a secret, and lets set win', async () => {
  const file = path.join(dir, 'env');
  await writeFile(file, '# keys\n\nexport A=one two\nB="quoted = #x"\nC=\'\'\nPATH=/from/file\nD=overridden\n', {
    mode: 0o600,
  });
  const { env, secrets } = await buildEnvironment({
    base,
    file,
    set: { D: 'set', SHORT_TOKEN: 'abc', GITHUB_TOKEN: 'gh-12345' },
    defaults: ['PATH'],
  });
  expect(env).toEqual({
    A: 'one two',
    B: 'quoted = #x',
    C: '',
    PATH: '/from/file',
    D: 'set',
    SHORT_TOKEN: 'abc',
    GITHUB_TOKEN: 'gh-12345',
  });
  expect(secrets).toEqual(['one two', 'quoted = #x', '/from/file', 'overridden', 'gh-12345']);
});

it('refuses a file that others can read, a link, a missing one and one that is none, without showing its content', async () => {
  const file = path.join(dir, 'env');
  await writeFile(file, 'A=1\n', { mode: 0o600 });
  await chmod(file, 0o640);
  await expect(buildEnvironment({ base, file })).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    hint: `chmod 600 ${file}`,
  });
  await chmod(file, 0o600);
  await symlink(file, path.join(dir, 'link'));
  expect(await codeOf(buildEnvironment({ base, file: path.join(dir, 'link') }))).toBe('PERMISSION_DENIED');
  expect(await codeOf(buildEnvironment({ base, file: path.join(dir, 'none') }))).toBe('NOT_FOUND');
  expect(await codeOf(buildEnvironment({ base, file: dir }))).toMatch(/INVALID_ARGUMENT|PERMISSION_DENIED/);
  expect(await codeOf(buildEnvironment({ base, file: path.join(file, 'below') }))).toBe('NOT_FOUND');
  expect(await codeOf(buildEnvironment({ base, file: path.join(dir, 'x'.repeat(300)) }))).toBe('PERMISSION_DENIED');
  await writeFile(file, 'A=1\nsk-my-secret\n');
  const refused = buildEnvironment({ base, file });
  await expect(refused).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(`${file}:2`),
  });
  await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('sk-my') });
});

it('that cannot be opened at the moment is UNAVAILABLE: nothing is wrong with it', async () => {
  const file = path.join(dir, 'env');
  await writeFile(file, 'A=1\n', { mode: 0o600 });
  const script = fileURLToPath(new URL('../support/environment-without-descriptors.ts', import.meta.url));
  const command = 'ulimit -n 64; "$0" --conditions=@runtime/source "$1" "$2"; exit';
  const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, script, file]);
  expect(JSON.parse(stdout)).toBe('UNAVAILABLE');
});

it('refuses a relative path, and a file of another user', async () => {
  await expect(buildEnvironment({ base: {}, file: '.env' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  if (process.getuid?.() !== 0) return;
  const dir = await mkdtemp(path.join(tmpdir(), 'environment-'));
  try {
    const file = path.join(dir, 'env');
    await writeFile(file, 'A=1\n', { mode: 0o600 });
    await chown(file, 65_534, 65_534);
    await expect(buildEnvironment({ base: {}, file })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  } finally {
    await rm(dir, { recursive: true });
  }
});

it('refuses names that are none', async () => {
  expect(await codeOf(buildEnvironment({ base, set: { 'A-B': '' } }))).toBe('INVALID_ARGUMENT');
  expect(await codeOf(buildEnvironment({ base, pass: ['A=B'] }))).toBe('INVALID_ARGUMENT');
  expect(await codeOf(buildEnvironment({ base, pass: ['*'] }))).toBe('INVALID_ARGUMENT');
});
