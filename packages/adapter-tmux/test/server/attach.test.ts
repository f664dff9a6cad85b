import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { attachSchema, type Attach, type RuntimeSession } from '@runtime/contracts/adapter';
import { expect, test } from 'vitest';
import { tmux } from '../../src/index.ts';
import { Stage, eventually, readAll, shown } from '../support/stage.ts';

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

function attachOf({ attach }: RuntimeSession): Attach {
  if (!attach) throw new Error('the session has no terminal');
  return attach;
}

test('a person can join a run at its terminal, look and type, and leave without a trace', async () => {
  await using stage = await Stage.open();
  const { session } = await stage.bash('echo what is it; read -r line; echo "it is $line"');
  const person = await terminal(stage, attachOf(session).command);
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
  const { session } = await stage.bash('echo look; read -r -t 2 line; echo "heard <$line>"');
  const person = await terminal(stage, attachOf(session).readOnly ?? []);
  try {
    await eventually('they see it', async () => (await person.screen()).includes('look'));
    await person.type('me');
    expect(shown(await readAll(session))).toBe('look\nheard <>\n');
  } finally {
    await person.close();
  }
});

test('another owner gets the same commands, as the contract has them', async () => {
  await using stage = await Stage.open();
  const { session, handle } = await stage.bash('sleep 60');
  const found = await tmux({ command: ['bash'] }).recover(handle);
  if (found.status !== 'live') throw new Error(found.status);
  expect(found.session.attach).toEqual(attachSchema.parse(session.attach));
});
