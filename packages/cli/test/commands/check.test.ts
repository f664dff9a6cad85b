import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemoryScript } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';

const worker: MemoryScript = ({ text }) => [
  { do: 'say', text: text.includes('checked') ? 'mended' : 'done' },
  { do: 'write', path: text.includes('checked') ? 'right' : 'wrong', text: '' },
];

it('run --check sends the agent back, and shows each check', async () => {
  await using lab = await Lab.open(worker);
  const run = await lab.run('run', 'x', '--check', 'echo looks; test -e right', '--check-timeout', '1m');
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const shown = run.stdout.split('\n').filter((line) => !/^(succeeded|· task|· run)/.test(line));
  expect(shown).toEqual([
    'done',
    '· check 1',
    expect.stringMatching(/^! Check 1 failed: it exited with 1; resuming the conversation on memory now/),
    '· resumed: the same conversation in a new process',
    'mended',
    '· check 2',
    '✓ the check passed',
    '',
  ]);
  expect((await lab.run('status', 'last')).stdout).toMatch(/check +passed, round 2/);
  expect((await lab.run('artifacts', 'get', 'last', 'checks/1/stdout.txt')).stdout).toBe('looks\n');
});

it('run --check fails a task that never passes, and says how often it was checked', async () => {
  await using lab = await Lab.open(worker);
  const run = await lab.run('run', 'x', '--check', 'exit 3', '--check-rounds', '0');
  expect(run.code).toBe(1);
  expect(run.stdout).toMatch(/failed \(check_failed\).*The check failed: it exited with 3/s);
  expect((await lab.run('status', 'last')).stdout).toMatch(/check +failed in round 1: it exited with 3/);
});

it('steer says of an instruction that comes while a check runs that it is for after that', async () => {
  await using lab = await Lab.open(worker);
  const command = 'touch began; while [ ! -e go ]; do sleep 0.02; done';
  expect(await lab.run('submit', 'x', '--check', command)).toMatchObject({ code: 0 });
  await expect.poll(() => existsSync(join(lab.workspace, 'began'))).toBe(true);
  const steered = await lab.run('steer', 'last', 'also the docs');
  expect(steered.code).toBe(0);
  expect(steered.stdout).toMatch(/^\w+ queued: the work is being checked; the agent gets it after that\n$/);
  writeFileSync(join(lab.workspace, 'go'), '');
  const watched = await lab.run('watch', 'last');
  expect(watched.stdout).toMatch(/! Check 1 passed; an instruction waits; resuming the conversation on memory now/);
  expect(watched.stdout).toMatch(/mended\n· check 2\n✓ the check passed/);
});

it.each([
  [['--check', ' '], 'the command is empty'],
  [['--check-rounds', '2'], '--check'],
  [['--check', 'true', '--check-rounds', '21'], 'from 0 to 20'],
  [['--check', 'true', '--check-timeout', 'soon'], '--check-timeout'],
])('run %j is refused', async (options, text) => {
  await using lab = await Lab.open(worker);
  expect(await lab.run('run', 'x', ...options)).toMatchObject({ code: 2, stderr: expect.stringContaining(text) });
});
