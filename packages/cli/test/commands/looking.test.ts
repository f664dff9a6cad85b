import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { taskViewSchema, type TaskView } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';

const view = (document: unknown): TaskView => taskViewSchema.parse(document);

describe('looking', () => {
  it('works without an owner, and starts none', async () => {
    await using lab = await Lab.open(() => [{ do: 'say', text: 'hi' }]);
    await lab.run('run', 'x', '--title', 'evil\u001b[31m title');
    await lab.closeOwners();
    expect((await lab.run('list')).stdout).toContain('evil title');
    expect(view((await lab.run('status', 'last', '--json')).json()).title).toBe('evil\u001b[31m title');
    expect((await lab.run('events', 'last')).stdout).toContain('task.ended');
    expect((await lab.run('log')).records().length).toBeGreaterThan(5);
    expect((await lab.run('runtimes')).stdout).toContain('✓ memory');
    expect((await lab.run('verify')).stdout).toContain('the log is intact');
    expect(lab.started).toBe(1);
  });

  it('writes nothing that controls a terminal, wherever it came from', async () => {
    await using lab = await Lab.open(() => [{ do: 'say', text: 'a\u009b31mb\u007f\u202ec' }]);
    const evil = join(lab.root, 'evil\u001b[31m');
    await mkdir(evil);
    await writeFile(join(evil, 'runtime.config.json'), '{"runtimes":{"p\\u009bi":{"adapter":"pi"}}}');
    await writeFile(join(evil, 'good.json'), '{"runtimes":{"pi":{"adapter":"pi","args":["\\u009b31m"]}}}');
    await lab.run('run', 'x', '--on', 'memory:m\u001b[31m');
    await lab.run('run', 'x');
    const text: string[] = [];
    for (const args of [
      ['status', 'last'],
      ['events'],
      ['log'],
      ['log', '--json'],
      ['config', 'show'],
      ['config', 'show', '--config', 'good.json'],
      ['config', 'show', '--config', 'good.json', '--json'],
    ]) {
      const { stdout, stderr } = await lab.start(args, { cwd: evil }).ended;
      text.push(stdout, stderr);
    }
    // oxlint-disable-next-line no-control-regex
    expect(text.join('')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    const events = (await lab.run('log')).records() as { type: string; text?: string }[];
    expect(events.find((event) => event.type === 'message.completed')?.text).toBe('a\u009b31mb\u007f\u202ec');
  });

  it('shows an empty list for an empty directory', async () => {
    await using lab = await Lab.open();
    expect(await lab.run('list', '--json')).toMatchObject({ code: 0, stdout: '[]\n' });
    expect((await lab.run('status', 'nothing')).code).toBe(3);
  });

  it('selects events by type and by cursor', async () => {
    await using lab = await Lab.open(() => [{ do: 'tool', name: 'bash' }]);
    await lab.run('run', 'x');
    const tools = (await lab.run('events', 'last', '--type', 'tool.*', '--json')).records() as {
      type: string;
      cursor: string;
    }[];
    expect(tools.map((event) => event.type)).toEqual(['tool.started', 'tool.ended']);
    const after = await lab.run('events', 'last', '--type', 'tool.*', '--json', '--after', tools[0]?.cursor ?? '');
    expect((after.records() as { type: string }[]).map((event) => event.type)).toEqual(['tool.ended']);
    expect((await lab.run('events', 'last', '--after', 'yesterday')).code).toBe(2);
    expect(await lab.run('status', '../etc')).toMatchObject({ code: 2, stderr: expect.stringContaining('not a task') });
  });

  it('shows why a runtime cannot be used', async () => {
    await using lab = await Lab.open();
    lab.use(
      memoryRuntime({ id: 'gone', unavailable: { code: 'UNAVAILABLE', reason: 'not installed', hint: 'install it' } }),
    );
    const result = await lab.run('runtimes');
    expect(result.stdout).toBe('✗ gone  not installed [UNAVAILABLE]\n  install it\n');
    expect((await lab.run('runtimes', '--json')).json()).toMatchObject([{ id: 'gone', breaker: 'closed' }]);
  });

  it('refuses to attach to a runtime without a terminal, and shows the alternative', async () => {
    await using lab = await Lab.open(() => [{ do: 'say', text: 'up' }, { do: 'hang' }]);
    const running = lab.start(['run', 'x']);
    await running.stdout.holds('up');
    expect((await lab.run('attach', 'last')).stderr).toMatch(/no terminal to attach to[^]*runtime watch \w{6} shows/);
    await lab.run('cancel', 'last', '--wait');
    expect((await running.ended).code).toBe(1);
    expect(await lab.run('attach', 'last')).toMatchObject({ code: 1, stderr: expect.stringContaining('[CONFLICT]') });
  });

  it('attaches to the terminal of a run, to look on or to type', async () => {
    await using lab = await Lab.open();
    const attach = { command: ['tmux', 'attach'], readOnly: ['tmux', 'attach', '-r'] };
    lab.use(memoryRuntime({ attach, script: () => [{ do: 'say', text: 'up' }, { do: 'hang' }] }));
    const running = lab.start(['run', 'x']);
    await running.stdout.holds('up');
    expect((await lab.run('attach', 'last', '--json')).json()).toEqual(attach);
    const commands: (readonly string[])[] = [];
    const runOnTerminal = (command: readonly string[]): Promise<number> => Promise.resolve(commands.push(command) + 6);
    const attached = await lab.start(['attach', 'last'], { runOnTerminal }).ended;
    expect(attached.code).toBe(7);
    expect(attached.stderr).toContain('to leave: press Ctrl-b, then d (the agent goes on); what you type reaches');
    await lab.start(['attach', 'last', '--read-only'], { runOnTerminal }).ended;
    expect(commands).toEqual([
      ['tmux', 'attach'],
      ['tmux', 'attach', '-r'],
    ]);
    await lab.run('cancel', 'last', '--wait');
    expect((await running.ended).code).toBe(1);
  });

  it('runs an ended task again as a new one', async () => {
    await using lab = await Lab.open();
    await lab.run('run', 'x');
    const { id } = view((await lab.run('status', 'last', '--json')).json());
    const again = view((await lab.run('requeue', id, '--json')).json());
    expect(again.id).not.toBe(id);
    const [submitted] = (await lab.run('events', again.id, '--json')).records();
    expect(submitted).toMatchObject({ spec: { retryOf: id } });
  });
});
