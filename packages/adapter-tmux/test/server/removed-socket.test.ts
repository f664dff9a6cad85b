import { execFile } from 'node:child_process';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { readLaunchRecord } from '../../src/run-files.ts';
import { Stage, eventually, readAll } from '../support/stage.ts';

const run = promisify(execFile);
afterEach(() => vi.unstubAllEnvs());

const isSocket = async (file: string): Promise<boolean> =>
  (await stat(file).catch(() => undefined))?.isSocket() ?? false;

test('a terminal is joined at the same place after the runtime directory of the login has vanished', async () => {
  await using stage = await Stage.open();
  const login = join(stage.dir, 'x');
  await mkdir(login, { mode: 0o700 });
  vi.stubEnv('XDG_RUNTIME_DIR', login);
  const { session } = await stage.bash('echo ready; read -r line');
  await rm(login, { recursive: true });
  vi.stubEnv('XDG_RUNTIME_DIR', join(stage.dir, 'another'));
  const [program = '', ...args] = session.attach?.command ?? [];
  const listed = await run(program, [...args.slice(0, 3), 'list-sessions', '-F', '#{session_name}']);
  expect(`=${listed.stdout.trim()}`).toBe(args.at(-1));
  await session.stop({ graceMs: 300 });
});

test('a socket that somebody removed, with its directory, is made again while the run is read', async () => {
  await using stage = await Stage.open();
  const { session, launch } = await stage.bash('echo ready; read -r line; echo "got $line"');
  const record = await readLaunchRecord(launch.handle.runDir);
  if (!record) throw new Error('no tmux.json');
  const reading = readAll(session);
  await rm(record.socket);
  await eventually('it is there again', () => isSocket(record.socket));
  await run(record.tmux, ['-S', record.socket, 'send-keys', '-t', `=${record.session}:`, 'it', 'Enter']);
  const events = await reading;
  expect(JSON.stringify(events)).toContain('got it');
  expect(await isSocket(record.socket)).toBe(false);
});
