import { chmod, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { tmux } from '../src/index.ts';
import { Stage } from './support/stage.ts';

async function program(stage: Stage, script: string): Promise<string> {
  const file = join(stage.dir, 'program');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

test('finds what is there, and says what it can do', async () => {
  const found = await tmux({ command: ['bash', '-c', 'true', '{prompt}'] }).probe();
  expect(found).toMatchObject({
    status: 'available',
    id: 'tmux',
    version: expect.stringMatching(/^tmux \d/),
    capabilities: { steer: 'none', reattach: true },
  });
  const typed = await tmux({ id: 'my-agent', command: ['bash'] }).probe();
  expect(typed).toMatchObject({
    id: 'my-agent',
    capabilities: { steer: 'unknown', followUp: false, interrupt: false },
  });
});

test('a program of the workspace is looked for when there is one', async () => {
  for (const program of ['./agent', 'bin/agent', '../agent', '{workspace}/agent']) {
    expect((await tmux({ command: [program] }).probe()).status, program).toBe('available');
  }
});

test('a relative entry of PATH counts from the directory of this process', async () => {
  const programs = relative(process.cwd(), join(import.meta.dirname, '../../../node_modules/.bin'));
  const environment = { ...process.env, PATH: `${programs}:/usr/bin:/bin` };
  expect((await tmux({ command: ['vitest'] }).probe({ environment })).status).toBe('available');
});

test('no tmux, no agent, an old tmux and one that does not work are each told with a way out', async () => {
  await using stage = await Stage.open();
  const command = ['bash', '-c', 'true', '{prompt}'];
  const none = await tmux({ command, tmux: 'no-such-tmux' }).probe();
  expect(none).toMatchObject({
    status: 'unavailable',
    code: 'UNAVAILABLE',
    reason: expect.stringContaining('no-such-tmux'),
  });
  const noAgent = await tmux({ command: ['no-such-agent', '{prompt}'] }).probe();
  expect(noAgent).toMatchObject({ status: 'unavailable', reason: expect.stringContaining('no-such-agent') });
  const old = await tmux({ command, tmux: await program(stage, 'echo tmux 2.8') }).probe();
  expect(old).toMatchObject({
    status: 'unavailable',
    reason: expect.stringContaining('too old'),
    hint: expect.stringContaining('3.2'),
  });
  const broken = await tmux({
    command,
    tmux: await program(stage, '[ "$1" = -V ] && { echo tmux 3.5; exit; }; echo no terminfo >&2; exit 1'),
  }).probe();
  expect(broken).toMatchObject({ status: 'unavailable', reason: expect.stringContaining('no terminfo') });
  for (const result of [none, noAgent, old, broken]) expect(result).toHaveProperty('hint');
});
