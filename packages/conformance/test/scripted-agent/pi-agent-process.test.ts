import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive, temporaryFolder } from '../support/agent-process.ts';
import { type Json, startPi } from '../support/pi-client.ts';

const prompt = (message: string): Json => ({ id: `p-${message}`, type: 'prompt', message });
const texts = (records: readonly Json[]): string =>
  JSON.stringify(records.filter(({ type }) => type === 'message_end'));

async function sessionFile(folder: string): Promise<string> {
  const sessions = join(folder, 'agent', 'sessions');
  const [project = ''] = await readdir(sessions);
  const [file = ''] = await readdir(join(sessions, project));
  return join(sessions, project, file);
}

describe('sessions', () => {
  test('the file comes with the first answer, in 1.5 with the first message', async () => {
    for (const [version, exists] of [
      ['0.73', false],
      ['0.87', false],
      ['1.5', true],
    ] as const) {
      await using pi = await startPi({ version, script: { rules: [{ steps: [{ hang: true }] }] } });
      const state = await pi.call({ id: 's', type: 'get_state' });
      await pi.call(prompt('one'));
      await pi.until(({ type, message }) => type === 'message_end' && Reflect.get(Object(message), 'role') === 'user');
      await pi.call({ id: 's2', type: 'get_state' });
      const file = String(Reflect.get(Object(state['data']), 'sessionFile'));
      expect(
        await readFile(file, 'utf8').then(
          () => true,
          () => false,
        ),
      ).toBe(exists);
    }
  });

  test('a session goes on in a new process, over a torn last line', async () => {
    await using shared = await temporaryFolder();
    {
      await using pi = await startPi({ folder: shared.path });
      await pi.call(prompt('one'));
      await pi.untilType('agent_settled');
    }
    const file = await sessionFile(shared.path);
    await writeFile(file, `${await readFile(file, 'utf8')}{"type":"message","id":"torn`);
    await using pi = await startPi({ folder: shared.path, args: ['--session', file] });
    expect(await pi.call({ id: 's', type: 'get_state' })).toMatchObject({
      data: { sessionFile: file, messageCount: 3, isStreaming: false },
    });
    await pi.call(prompt('two'));
    await pi.untilType('agent_settled');
    expect(texts(pi.records())).toContain('(user message 2)');
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines.at(-1)).toContain('assistant');
    expect(() => JSON.parse(lines.at(-1) ?? '')).not.toThrow();
  });

  test('--session-id creates with a warning and finds again; --continue takes the last', async () => {
    await using shared = await temporaryFolder();
    for (const [args, warned, nth] of [
      [['--session-id', 'task-1'], true, 1],
      [['--session-id', 'task-1'], false, 2],
      [['--continue'], false, 3],
    ] as const) {
      await using pi = await startPi({ folder: shared.path, args: [...args] });
      await pi.call(prompt('x'));
      await pi.untilType('agent_settled');
      expect(pi.agent.stderr().includes('creating')).toBe(warned);
      expect(texts(pi.records())).toContain(`(user message ${nth})`);
    }
  });

  test('rules can match a resumed session', async () => {
    await using shared = await temporaryFolder();
    const script = { rules: [{ when: { resumed: true }, steps: [{ text: 'welcome back' }] }] };
    for (const expected of ['You said', 'welcome back']) {
      await using pi = await startPi({ folder: shared.path, script, args: ['--session-id', 'task-1'] });
      await pi.call(prompt('x'));
      await pi.untilType('agent_settled');
      expect(texts(pi.records())).toContain(expected);
    }
  });
});

describe('command lines', () => {
  test.for([
    { args: ['--zzz'], message: 'Unknown option: --zzz' },
    { args: ['@file'], message: '@file arguments are not supported' },
    { args: ['-e', '/nowhere.ts'], message: 'Failed to load extension' },
    { args: ['--session', 'deadbeef'], message: "No session found matching 'deadbeef'" },
    { args: ['--session-id', 'a/b'], message: 'session id' },
  ])('$args exits with 1 and prints $message', async ({ args, message }) => {
    await using pi = await startPi({ args });
    expect(await pi.agent.ended).toEqual({ code: 1, signal: null });
    expect(pi.agent.stderr()).toContain(message);
  });

  test('0.73 does not know the newer flags, and --version names each release', async () => {
    await using old = await startPi({ version: '0.73', args: ['--no-approve'] });
    expect((await old.agent.ended).code).toBe(1);
    for (const [version, shown] of [
      ['0.73', '0.73.1'],
      ['0.87', '0.87.1'],
      ['1.5', '1.5.2'],
    ] as const) {
      await using folder = await temporaryFolder();
      const { piAgent } = await import('../../src/scripted-agent/index.ts');
      const { startAgent } = await import('../support/agent-process.ts');
      await using agent = startAgent(piAgent({}, { version }), { cwd: folder.path, args: ['--version'] });
      expect((await agent.ended).code).toBe(0);
      expect(agent.stdout()).toBe(`${shown}\n`);
    }
  });

  test('a session file without a header is refused, and so is one whose folder is missing', async () => {
    await using shared = await temporaryFolder();
    const bad = join(shared.path, 'bad.jsonl');
    const orphaned = join(shared.path, 'orphaned.jsonl');
    await mkdir(join(shared.path, 'agent'));
    await writeFile(bad, '{"type":"message","id":"1"}\n');
    await writeFile(
      orphaned,
      `${JSON.stringify({ type: 'session', version: 3, id: 'x', cwd: join(shared.path, 'nowhere') })}\n`,
    );
    for (const [file, message] of [
      [bad, 'not a valid pi session'],
      [orphaned, 'does not exist'],
    ] as const) {
      await using pi = await startPi({ folder: shared.path, args: ['--session', file] });
      expect((await pi.agent.ended).code).toBe(1);
      expect(pi.agent.stderr()).toContain(message);
    }
  });
});

describe('ends', () => {
  const script = (pidFile: string) => ({
    rules: [{ steps: [{ tool: { name: 'bash', childSleepMs: 60_000, childPidFile: pidFile } }] }],
  });

  test.for([
    { version: '0.87', by: 'SIGKILL', code: null, signal: 'SIGKILL', orphan: true },
    { version: '0.87', by: 'SIGTERM', code: 143, signal: null, orphan: false },
    { version: '0.87', by: 'SIGHUP', code: 129, signal: null, orphan: false },
    { version: '0.87', by: 'end of stdin', code: 0, signal: null, orphan: false },
    { version: '0.73', by: 'end of stdin', code: 0, signal: null, orphan: true },
  ] as const)(
    '$version in a tool, by $by: the child is left behind: $orphan',
    async ({ version, by, code, signal, orphan }) => {
      await using shared = await temporaryFolder();
      const pidFile = join(shared.path, 'child.pid');
      await using pi = await startPi({
        version,
        folder: shared.path,
        script: script(pidFile),
        env: { RUNTIME_RUN_ID: 'run-1' },
      });
      await pi.call(prompt('one'));
      await pi.untilType('tool_execution_update');
      const pid = Number(await readFile(pidFile, 'utf8'));
      try {
        // Empty for a moment while the program is being executed, which `spawn` does not wait for.
        await expect.poll(() => readFile(`/proc/${pid}/environ`, 'utf8')).toContain('RUNTIME_RUN_ID=run-1');
        if (by === 'end of stdin') pi.agent.child.stdin.end();
        else pi.agent.child.kill(by);
        expect(await pi.agent.ended).toEqual({ code, signal });
        if (!orphan) await expect.poll(() => isAlive(pid)).toBe(false);
        expect(await isAlive(pid)).toBe(orphan);
        expect(pi.records().some(({ type }) => type === 'agent_end')).toBe(false);
      } finally {
        if (await isAlive(pid)) process.kill(-pid, 'SIGKILL');
      }
    },
  );

  test('a scripted crash dies by its signal, a scripted exit with its code, and every start is counted', async () => {
    await using shared = await temporaryFolder();
    const starts = join(shared.path, 'starts');
    for (const [step, ended] of [
      [{ crash: 'SIGKILL' }, { code: null, signal: 'SIGKILL' }],
      [{ exit: 3 }, { code: 3, signal: null }],
    ] as const) {
      await using pi = await startPi({
        folder: shared.path,
        script: { startup: { appendLine: starts }, rules: [{ steps: [{ text: 'a' }, step] }] },
      });
      pi.send(prompt('one'));
      expect(await pi.agent.ended).toEqual(ended);
    }
    expect((await readFile(starts, 'utf8')).trim().split('\n')).toHaveLength(2);
  });

  test('a scripted failing start leaves with its code and reason', async () => {
    await using pi = await startPi({ script: { startup: { exit: 1, stderr: 'Error: Unknown provider "zzz"' } } });
    expect(await pi.agent.ended).toEqual({ code: 1, signal: null });
    expect(pi.agent.stderr()).toContain('Unknown provider');
    expect(pi.agent.stdout()).toBe('');
  });
});
