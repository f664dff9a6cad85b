import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type PlainScript, plainAgent } from '../../src/scripted-agent/index.ts';
import { isAlive, startAgent, temporaryFolder } from '../support/agent-process.ts';

async function run(script: PlainScript, options: Parameters<typeof startAgent>[1] & { stdin?: string } = {}) {
  await using agent = startAgent(plainAgent(script), options);
  agent.child.stdin.end(options.stdin ?? '');
  const ended = await agent.ended;
  return { ...ended, stdout: agent.stdout(), stderr: agent.stderr() };
}

test('prints text and bytes as they are, to both streams, and exits with the code of its script', async () => {
  const result = await run([
    { print: 'a' },
    { printErr: 'b' },
    { printBytes: Buffer.from('c\n').toString('base64') },
    { exit: 3 },
    { print: 'never' },
  ]);
  expect(result).toEqual({ code: 3, signal: null, stdout: 'ac\n', stderr: 'b' });
});

test('exits with 0 after the last step', async () => {
  expect((await run([])).code).toBe(0);
});

test('dies by the signal it sends itself', async () => {
  expect(await run([{ print: 'a' }, { killSelf: 'SIGKILL' }])).toMatchObject({
    code: null,
    signal: 'SIGKILL',
    stdout: 'a',
  });
});

test('reads stdin to its end, and echoes it', async () => {
  expect((await run([{ readStdinToEnd: true, echo: true }, { print: '|' }], { stdin: 'one\ntwo' })).stdout).toBe(
    'one\ntwo|',
  );
});

test('reads line by line and goes on at the end', async () => {
  const script: PlainScript = [{ repeat: { times: 3, steps: [{ readLine: true, echo: '> ' }] } }];
  expect((await run(script, { stdin: 'one\ntwo\n' })).stdout).toBe('> one\n> two\n> \n');
});

test('shows where and with what it was started', async () => {
  await using folder = await temporaryFolder();
  const result = await run([{ printSelf: true }, { printEnv: 'MARK' }, { printEnv: 'NO_SUCH' }], {
    cwd: folder.path,
    args: ['x', 'y z'],
    env: { MARK: 'm' },
  });
  const [self = '', ...env] = result.stdout.trim().split('\n');
  expect(JSON.parse(self)).toMatchObject({ cwd: folder.path, args: ['x', 'y z'] });
  expect(env).toEqual(['m', '<unset>']);
});

test('writes files and counts its starts', async () => {
  await using folder = await temporaryFolder();
  const counter = join(folder.path, 'starts');
  const script: PlainScript = [
    { appendLine: { file: counter } },
    { writeFile: { path: join(folder.path, 'a/b.txt'), text: 'x' } },
    { touchFile: join(folder.path, 'done') },
  ];
  await run(script);
  await run(script);
  const pids = (await readFile(counter, 'utf8')).trim().split('\n');
  expect(new Set(pids).size).toBe(2);
  expect(await readFile(join(folder.path, 'a/b.txt'), 'utf8')).toBe('x');
  expect(await readFile(join(folder.path, 'done'), 'utf8')).toBe('');
});

test('floods with lines to the byte, and writes one long line', async () => {
  const flood = await run([{ flood: { bytes: 200_001 } }, { flood: { bytes: 100, to: 'stderr' } }]);
  expect([flood.stdout.length, flood.stderr.length]).toEqual([200_001, 100]);
  expect(flood.stdout.split('\n').every((line) => line.length <= 79)).toBe(true);
  const long = await run([{ longLine: { bytes: 150_000 } }]);
  expect(long.stdout.indexOf('\n')).toBe(150_000);
});

test('waits at a gate until the file is there', async () => {
  await using folder = await temporaryFolder();
  const gate = join(folder.path, 'gate');
  await using agent = startAgent(plainAgent([{ print: 'before' }, { waitForFile: gate }, { print: 'after' }]));
  await agent.shows('before');
  expect(agent.stdout()).toBe('before');
  await writeFile(gate, '');
  await agent.ended;
  expect(agent.stdout()).toBe('beforeafter');
});

test('ignores a SIGTERM on request, and plays steps at a signal', async () => {
  await using agent = startAgent(
    plainAgent([
      { ignoreTerm: true },
      { onSignal: 'SIGUSR2', steps: [{ print: 'bye' }, { exit: 5 }] },
      { print: 'ready' },
      { hang: true },
    ]),
  );
  await agent.shows('ready');
  agent.child.kill('SIGTERM');
  agent.child.kill('SIGUSR2');
  expect(await agent.ended).toEqual({ code: 5, signal: null });
  expect(agent.stdout()).toBe('readybye');
});

test('closes its stdout and goes on', async () => {
  await using folder = await temporaryFolder();
  const gate = join(folder.path, 'gate');
  await using agent = startAgent(
    plainAgent([{ print: 'a' }, { closeStdout: true }, { waitForFile: gate }, { exit: 4 }]),
  );
  await new Promise((resolve) => agent.child.stdout.once('end', resolve));
  expect(agent.child.exitCode).toBe(null);
  await writeFile(gate, '');
  expect((await agent.ended).code).toBe(4);
});

test.for([
  { name: 'plain', step: {}, ownGroup: false, marked: true },
  { name: 'setsid', step: { setsid: true }, ownGroup: true, marked: true },
  { name: 'double fork', step: { doubleFork: true }, ownGroup: false, marked: true },
  {
    name: 'setsid, double fork, no environment, deaf to SIGTERM',
    step: { setsid: true, doubleFork: true, clearEnv: true, ignoreTerm: true },
    ownGroup: true,
    marked: false,
  },
])('a child that is $name outlives the agent', async ({ step, ownGroup, marked }) => {
  await using folder = await temporaryFolder();
  const pidFile = join(folder.path, 'child.pid');
  await using agent = startAgent(plainAgent([{ spawnChild: { sleepMs: 60_000, pidFile, ...step } }, { exit: 0 }]), {
    env: { RUNTIME_RUN_ID: 'run-1' },
  });
  expect((await agent.ended).code).toBe(0);
  const pid = Number(await readFile(pidFile, 'utf8'));
  try {
    expect(await isAlive(pid)).toBe(true);
    const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
    const [, parent, , session] = stat;
    expect(Number(parent)).not.toBe(agent.child.pid);
    expect(
      Number(session) === Number((await readFile('/proc/self/stat', 'utf8')).replace(/^.*\) /, '').split(' ')[3]),
    ).toBe(!ownGroup);
    // It has no environment until it executes.
    await expect
      .poll(async () => (await readFile(`/proc/${pid}/environ`, 'utf8')).includes('RUNTIME_RUN_ID=run-1'))
      .toBe(marked);
    if ('ignoreTerm' in step) {
      process.kill(pid, 'SIGTERM');
      const ignored = BigInt(`0x${/^SigIgn:\s+(\w+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]}`);
      expect(ignored & (1n << 14n)).not.toBe(0n);
      expect(await isAlive(pid)).toBe(true);
    }
  } finally {
    process.kill(pid, 'SIGKILL');
  }
});

test('takes its script from a file or from the environment, and reports what is wrong with one', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'script.json');
  await writeFile(file, JSON.stringify([{ printSelf: true }]));
  await using fromFile = startAgent(plainAgent(file), { args: ['arg'] });
  await fromFile.ended;
  expect(JSON.parse(fromFile.stdout())).toMatchObject({ args: ['arg'] });

  const [node = '', conditions = '', main = ''] = plainAgent([]).command;
  await using fromEnv = startAgent({
    command: [node, conditions, main, 'arg'],
    env: { RUNTIME_SCRIPT: '[{"printSelf":true}]' },
  });
  await fromEnv.ended;
  expect(JSON.parse(fromEnv.stdout())).toMatchObject({ args: ['arg'] });

  await writeFile(file, JSON.stringify([{ dance: true }]));
  await using wrong = startAgent(plainAgent(file));
  expect((await wrong.ended).code).toBe(70);
  expect(wrong.stderr()).toContain('no such step: {"dance":true}');
});

test('refuses a script that does not fit into an argument', () => {
  expect(() => plainAgent([{ print: 'x'.repeat(200_000) }])).toThrow(/INVALID_ARGUMENT/);
});
