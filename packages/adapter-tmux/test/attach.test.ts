import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { attachCommand } from '../src/index.ts';
import { Stage, eventually, readAll, shown } from './support/stage.ts';

const run = promisify(execFile);

/** A terminal for a person: another tmux, which nobody else can reach. */
async function terminal(stage: Stage, command: readonly string[]) {
  const socket = join(stage.dir, 'person');
  const env = { PATH: process.env['PATH'], HOME: stage.dir };
  const call = async (...args: string[]): Promise<string> =>
    (await run('tmux', ['-S', socket, '-f', '/dev/null', ...args], { env })).stdout;
  const session = `p${Math.random().toString(36).slice(2, 8)}`;
  await call(
    'new-session',
    '-d',
    '-s',
    session,
    '-x',
    '100',
    '-y',
    '30',
    'env',
    '-u',
    'TMUX',
    '-u',
    'TMUX_PANE',
    ...command,
  );
  return {
    screen: () => call('capture-pane', '-p', '-t', session),
    type: (text: string) => call('send-keys', '-t', session, text, 'Enter'),
    // It is gone by itself when the run it showed has ended.
    close: () => call('kill-server').catch(() => ''),
  };
}

test('a person can join a run at its terminal, look and type, and leave without a trace', async () => {
  await using stage = await Stage.open();
  const { session, handle } = await stage.bash('echo what is it; read -r line; echo "it is $line"');
  const { command } = JSON.parse(await readFile(join(handle.runDir, 'attach.json'), 'utf8'));
  expect(command).toEqual(attachCommand(handle));
  const person = await terminal(stage, command);
  try {
    await eventually('they see it', async () => (await person.screen()).includes('what is it'));
    await person.type('a test');
    expect(shown(await readAll(session))).toBe('what is it\na test\nit is a test\n');
  } finally {
    await person.close();
  }
});

test('who looks on read-only cannot type', async () => {
  await using stage = await Stage.open();
  const { session, handle } = await stage.bash('echo look; read -r -t 2 line; echo "heard <$line>"');
  const person = await terminal(stage, attachCommand(handle, { readOnly: true }));
  try {
    await eventually('they see it', async () => (await person.screen()).includes('look'));
    await person.type('me');
    expect(shown(await readAll(session))).toBe('look\nheard <>\n');
  } finally {
    await person.close();
  }
});

test('a run that has no terminal says so', async () => {
  await using stage = await Stage.open();
  const { handle } = await stage.launch('go');
  expect(() => attachCommand(handle)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});
