import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findMarked } from '@runtime/adapter-kit/process';
import { piAgent, plainAgent } from '@runtime/conformance/scripted-agent';
import { describe, expect, it } from 'vitest';
import { cliCommand, hasEnded, makeDesk, stopOwner, watchTask } from '../src/cli.ts';

const run = promisify(execFile);
const agent = (script: Parameters<typeof plainAgent>[0]) => ({ adapter: 'local', command: plainAgent(script).command });
const asking = {
  adapter: 'pi',
  command: piAgent({
    rules: [{ steps: [{ dialog: { method: 'confirm', title: 'May I?' } }, { text: 'answer: {{answer}}' }] }],
  }).command,
};

describe('when `runtime run` is killed with -9', () => {
  it('the task goes on, and ends by its deadline', async () => {
    await using desk = await makeDesk({ slow: agent([{ print: 'begun\n' }, { hang: true }]) });
    const client = desk.start(['run', 'wait', '--on', 'slow', '--deadline', '4s']);
    await watchTask(desk.dataDir, (view) => view.status === 'running');
    client.kill('SIGKILL');
    const ended = await watchTask(desk.dataDir, hasEnded);
    expect(ended.outcome).toMatchObject({ status: 'timed_out', code: 'timeout' });
    for (const { runId } of ended.runs) expect(await findMarked(runId)).toEqual([]);
  });

  it('an approval that nobody answers is denied when its time is over, and the agent goes on with that', async () => {
    await using desk = await makeDesk({ pi: asking });
    const client = desk.start(['run', 'ask', '--on', 'pi', '--approval-timeout', '3s']);
    await watchTask(desk.dataDir, (view) => view.status === 'waiting');
    client.kill('SIGKILL');
    const ended = await watchTask(desk.dataDir, hasEnded);
    expect(ended.outcome).toEqual({ status: 'succeeded' });
    const { stdout } = await desk.run(['events', ended.id]);
    expect(stdout).toMatch(/approval\.resolved/);
  });

  it('a retry that was still ahead is made', async () => {
    const flag = 'failed-once';
    await using desk = await makeDesk({
      flaky: {
        adapter: 'pi',
        command: piAgent({
          rules: [
            { when: { nth: 1 }, steps: [{ appendLine: { file: flag } }, { error: 'the model broke off' }] },
            { steps: [{ text: 'fine' }] },
          ],
        }).command,
      },
    });
    const client = desk.start(['run', 'try', '--on', 'flaky', '--retries', '1']);
    await watchTask(desk.dataDir, (view) => view.runs.length > 0 && view.runs[0]?.status !== 'starting');
    client.kill('SIGKILL');
    const ended = await watchTask(desk.dataDir, hasEnded);
    expect(ended.runs.length).toBeGreaterThan(1);
  });
});

describe('when the terminal is closed', () => {
  it('the task goes on to its end', async () => {
    await using desk = await makeDesk({
      slow: agent([{ print: 'begun\n' }, { waitForFile: 'go-on' }, { print: 'done\n' }]),
    });
    const socket = join(desk.root, 'terminal');
    const tmux = (...args: string[]) => run('tmux', ['-S', socket, ...args], { env: desk.env });
    await tmux(
      'new-session',
      '-d',
      '-x',
      '120',
      '-y',
      '30',
      '-c',
      desk.workspace,
      ...cliCommand,
      'run',
      'wait',
      '--on',
      'slow',
    );
    await watchTask(desk.dataDir, (view) => view.status === 'running');
    await tmux('kill-server');
    await writeFile(join(desk.workspace, 'go-on'), '');
    expect((await watchTask(desk.dataDir, hasEnded)).outcome).toEqual({ status: 'succeeded' });
  });
});

describe('an agent that calls `runtime run` itself', () => {
  it('starts a task that outlives it and is not reaped with it', async () => {
    await using desk = await makeDesk({
      outer: {
        adapter: 'local',
        command: [
          'sh',
          '-c',
          '"$@" submit inner --on inner --share-workspace --data-dir "$0" && sleep 600',
          'DATA',
          ...cliCommand,
        ],
      },
      inner: agent([{ waitForFile: 'go-on' }, { writeFile: { path: 'inner-done', text: 'yes' } }]),
    });
    // Its own data directory, hence its own owner, which is started below the agent.
    const innerData = join(desk.root, 'inner-data');
    const config = JSON.parse(await readFile(join(desk.workspace, 'runtime.config.json'), 'utf8'));
    config.runtimes.outer.command[3] = innerData;
    await writeFile(join(desk.workspace, 'runtime.config.json'), JSON.stringify(config));
    await desk.run(['submit', 'outer', '--on', 'outer', '--share-workspace']);
    const inner = await watchTask(innerData, (view) => view.status === 'running', 'inner');
    const [outer] = JSON.parse((await desk.run(['list', '--json'])).stdout);
    await desk.run(['cancel', outer.id]);
    expect((await watchTask(desk.dataDir, hasEnded)).outcome).toEqual({ status: 'cancelled' });
    for (const { runId } of outer.runs) expect(await findMarked(runId)).toEqual([]);
    await writeFile(join(desk.workspace, 'go-on'), '');
    expect((await watchTask(innerData, hasEnded, 'inner')).outcome).toEqual({ status: 'succeeded' });
    expect(await readFile(join(desk.workspace, 'inner-done'), 'utf8')).toBe('yes');
    expect(inner.runs).toHaveLength(1);
    await stopOwner(innerData);
  });
});
