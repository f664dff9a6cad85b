import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { taskViewSchema, type TaskView } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { callingRun } from '../../src/plane/calling-run.ts';
import { Lab } from '../support/lab.ts';

const view = (document: unknown): TaskView => taskViewSchema.parse(document);

describe('a task that an agent submits', () => {
  it('works in the workspace of the run that waits for it, instead of waiting for that run', async () => {
    const gate = Promise.withResolvers<void>();
    await using lab = await Lab.open(({ text }) =>
      text === 'outer'
        ? [
            { do: 'say', text: 'up' },
            { do: 'gate', until: gate.promise },
          ]
        : [],
    );
    const outer = lab.start(['run', 'outer']);
    await outer.stdout.holds('up');
    const { runs } = view((await lab.run('status', 'last', '--json')).json());
    const env = { PATH: '/usr/bin:/bin', RUNTIME_RUN_ID: runs[0]?.runId };
    const inner = await lab.start(['run', 'inner', '--json'], { env }).ended;
    expect(inner.code).toBe(0);
    const id = (inner.records() as { stream: string }[])[0]?.stream.slice('task/'.length) ?? '';
    const again = await lab.start(['requeue', id], { env }).ended;
    expect((await lab.run('wait', again.stdout.trim())).code).toBe(0);
    gate.resolve();
    await outer.ended;
  });
});

describe('options of a task', () => {
  const specOf = async (lab: Lab, ...args: string[]): Promise<unknown> => {
    const submitted = await lab.run('submit', 'x', '--json', ...args);
    expect(submitted.stdout).toContain('"id"');
    const { id } = view(submitted.json());
    const events = (await lab.run('events', id, '--json')).records() as { spec: unknown }[];
    return events[0]?.spec;
  };

  it('reach the task’s spec', async () => {
    await using lab = await Lab.open();
    await mkdir(join(lab.workspace, 'sub'));
    const options = [
      '--on',
      'memory:m1',
      '--thinking',
      'high',
      '--workspace',
      'sub',
      '--title',
      'T',
      '--deadline',
      '10m',
    ];
    const more = ['--run-timeout', '5m', '--idle-timeout', '90s', '--needs', 'steer=delivered', '--recovery', 'manual'];
    const rules = [
      '--approve',
      'bash=ask',
      '--approve',
      '*=deny',
      '--approval-timeout',
      '2m',
      '--retries',
      '4',
      '--share-workspace',
    ];
    expect(await specOf(lab, ...options, ...more, ...rules, '--env-pass', 'FOO,BAR')).toMatchObject({
      runtimes: [{ runtime: 'memory', model: 'm1', thinking: 'high' }],
      workspace: join(lab.workspace, 'sub'),
      title: 'T',
      deadlineMs: 600_000,
      runTimeoutMs: 300_000,
      idleTimeoutMs: 90_000,
      needs: { steer: 'delivered' },
      recovery: 'manual',
      retry: { maxAttempts: 5 },
      approvals: {
        rules: [
          { tool: 'bash', action: 'ask' },
          { tool: '*', action: 'deny' },
        ],
        timeoutMs: 120_000,
      },
      env: { pass: ['FOO', 'BAR'] },
      shareWorkspace: true,
    });
  });

  it('give a model to every runtime when none was named', async () => {
    await using lab = await Lab.open();
    expect(await specOf(lab, '--model', 'big')).toMatchObject({ runtimes: [{ runtime: 'memory', model: 'big' }] });
  });

  it('stand over the defaults of the configuration', async () => {
    await using lab = await Lab.open();
    const config = {
      runtimes: { memory: { adapter: 'pi' } },
      defaults: {
        runtimes: ['memory'],
        deadline: '1h',
        idleTimeout: '5m',
        approvals: { rules: [{ tool: 'a', action: 'deny' }] },
      },
    };
    await writeFile(join(lab.workspace, 'runtime.config.json'), JSON.stringify(config));
    expect(await specOf(lab, '--deadline', '2h', '--approve', 'b=ask')).toMatchObject({
      deadlineMs: 7_200_000,
      idleTimeoutMs: 300_000,
      approvals: {
        rules: [
          { tool: 'b', action: 'ask' },
          { tool: 'a', action: 'deny' },
        ],
      },
    });
  });

  it('make one task of two submissions with the same key', async () => {
    await using lab = await Lab.open();
    const [first, second] = [
      await lab.run('submit', 'x', '--key', 'k', '--json'),
      await lab.run('submit', 'x', '--key', 'k', '--json'),
    ];
    expect(view(first.json()).id).toBe(view(second.json()).id);
    const other = await lab.run('submit', 'other', '--key', 'k', '--json');
    expect(other).toMatchObject({ code: 1 });
    expect(other.json()).toMatchObject({ error: { code: 'CONFLICT' } });
  });

  it('continue a conversation in the workspace it had', async () => {
    await using lab = await Lab.open(({ history }) => [{ do: 'say', text: `heard ${history.length}` }]);
    await mkdir(join(lab.workspace, 'sub'));
    const id = (await lab.run('submit', 'one', '--workspace', 'sub')).stdout.trim();
    await lab.run('wait', id);
    expect((await lab.run('run', '-q', 'two', '--continue', id)).stdout).toBe('heard 3\n');
    const cwd = join(lab.workspace, 'sub');
    expect(view((await lab.start(['status', 'last', '--json'], { cwd }).ended).json()).workspace).toBe(cwd);
  });
});

describe('a command that an agent calls', () => {
  it('names the run that it was called from, if that is the name of one', async () => {
    expect(await callingRun({ env: { RUNTIME_RUN_ID: 'run-1' } })).toBe('run-1');
    for (const env of [{}, { RUNTIME_RUN_ID: '' }, { RUNTIME_RUN_ID: '../etc' }, { RUNTIME_RUN_ID: 'x'.repeat(65) }]) {
      expect(await callingRun({ env })).toBeUndefined();
      expect(await callingRun({ env, findCallingRun: () => Promise.resolve('run-2') })).toBe('run-2');
    }
  });
});
