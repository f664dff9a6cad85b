import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findMarked } from '@runtime/adapter-kit/process';
import { runMarker } from '@runtime/contracts/adapter';
import { expect, test } from 'vitest';
import { local } from '../src/index.ts';
import { launchOf, run, scratch } from './support/stage.ts';

async function script(text: string, mode = 0o755): Promise<string> {
  const path = join(await scratch(), 'agent.sh');
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

test('a command that is not there is Unavailable with a hint, and does not start', async () => {
  const adapter = local({ command: ['no-such-command-anywhere'] });
  expect(await adapter.probe()).toMatchObject({ status: 'unavailable', code: 'NOT_FOUND', hint: expect.any(String) });
  const launch = await launchOf('go');
  await expect(adapter.start(launch)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await findMarked(launch.handle.runId)).toEqual([]);
});

test('a run whose directory takes no file is UNAVAILABLE, and does not start', async () => {
  const launch = await launchOf('go');
  await mkdir(join(launch.handle.runDir, 'launch.json.tmp'));
  await expect(local({ command: ['true'] }).start(launch)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await findMarked(launch.handle.runId)).toEqual([]);
});

test('a file that may not be executed is Unavailable and says how to change that', async () => {
  const command = [await script('#!/bin/sh\n', 0o644)];
  const found = await local({ command }).probe();
  expect(found).toMatchObject({
    status: 'unavailable',
    code: 'PERMISSION_DENIED',
    hint: expect.stringContaining('chmod'),
  });
  await expect(local({ command }).start(await launchOf('go'))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
});

test('a script whose interpreter is missing is not started, and the interpreter is named', async () => {
  await expect(run({ command: [await script('#!/no/such/interpreter\n')] }, 'go')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('/no/such/interpreter'),
  });
});

test('the version is the first line of what versionArgs print', async () => {
  const command = [await script('#!/bin/sh\n[ "$1" = --version ] && printf "agent 1.2.3\\nmore\\n"\n')];
  expect(await local({ command, versionArgs: ['--version'] }).probe()).toMatchObject({ version: 'agent 1.2.3' });
  expect(await local({ command }).probe()).toMatchObject({ version: 'unknown' });
});

test('a command that fails at its version is there all the same', async () => {
  const command = [await script('#!/bin/sh\nexit 3\n')];
  const found = await local({ command, versionArgs: ['--version'] }).probe();
  expect(found).toMatchObject({ status: 'available', version: 'unknown' });
});

test('the agent has the environment of its launch and nothing else', async () => {
  const { stdout, launch } = await run({ command: ['env', '-0'] }, 'go', { env: { ODD: ' a=b\n"c" $d ' } });
  const env = Object.fromEntries(
    stdout
      .split('\0')
      .filter((pair) => pair !== '')
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  expect(env).toEqual({ ...launch.env, PWD: launch.workspace, [runMarker]: launch.handle.runId });
});

test('the end of stderr is the message of a failure, without secrets', async () => {
  const secret = 'swordfish-1234567890';
  const command = [
    'sh',
    '-c',
    `i=0; while [ $i -lt 3000 ]; do echo "line $i" >&2; i=$((i+1)); done; echo "key ${secret}" >&2; exit 3`,
  ];
  const { events, stderr, exit } = await run({ command }, 'go', { secrets: [secret] });
  const ended = events.find((event) => event.type === 'turn.ended');
  expect(exit).toEqual({ kind: 'exited', code: 3 });
  expect(ended?.outcome).toMatchObject({ status: 'failed', code: 'exit_code' });
  expect(ended?.outcome.message).toMatch(/line 2999\nkey \*+$/);
  expect(ended?.outcome.message?.length).toBeLessThanOrEqual(4000);
  expect(stderr).toContain('line 0\n');
  expect(JSON.stringify(events)).not.toContain(secret);
});

test.for(['model', 'thinking', 'mode'] as const)('a target with a %s is UNSUPPORTED', async (name) => {
  const launch = await launchOf('go', { target: { runtime: 'local', [name]: 'any' } });
  await expect(local({ command: ['cat'] }).start(launch)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
});

test('a run of another runtime is refused', async () => {
  const adapter = local({ command: ['cat'], id: 'other' });
  const launch = await launchOf('go');
  await expect(adapter.start(launch)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(adapter.recover(launch.handle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
