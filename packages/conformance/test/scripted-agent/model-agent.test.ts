import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type RuleInput, startModelServer, writeFileScenario } from '../../src/model-server/index.ts';
import { modelAgent } from '../../src/scripted-agent/index.ts';
import { startAgent, temporaryFolder } from '../support/agent-process.ts';

const calls = (name: string, args: Record<string, string>): RuleInput[] => [
  { when: { lastRole: 'user' }, reply: { text: 'Now.', toolCalls: [{ name, arguments: args }] } },
  { reply: { text: ['<', '{{lastToolResult}}', '>'] } },
];

async function runIn(cwd: string, rules: RuleInput[], stdin = 'go') {
  await using server = await startModelServer({ scenario: { rules } });
  await using agent = startAgent(modelAgent({ url: server.url }), { cwd });
  agent.child.stdin.end(stdin);
  const { code } = await agent.ended;
  return { code, stdout: agent.stdout(), stderr: agent.stderr(), requests: server.requests() };
}

describe('model-agent', () => {
  test('plays the demonstration: prints as it streams, writes the file, ends with 0', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'prompt.md'), 'Write notes.txt');
    const scenario = writeFileScenario({ path: 'out/notes.txt', text: 'hello', steps: 8, stepMs: 40 });
    await using server = await startModelServer({ scenario });
    await using agent = startAgent(modelAgent({ url: server.url, promptFile: 'prompt.md' }), { cwd: folder.path });
    await agent.shows('I will');
    expect(agent.stdout()).not.toContain('Done');
    expect((await agent.ended).code).toBe(0);
    expect(agent.stdout()).toContain('Done: out/notes.txt is written.');
    expect(await readFile(join(folder.path, 'out/notes.txt'), 'utf8')).toBe('hello\n');
    expect(server.requests()[0]?.body.messages.at(-1)).toMatchObject({ role: 'user', content: 'Write notes.txt' });
  });

  test('runs bash in its folder and gives output and exit code to the model', async () => {
    await using folder = await temporaryFolder();
    const { code, stdout } = await runIn(folder.path, calls('bash', { command: 'pwd; echo err >&2; exit 3' }));
    expect(code).toBe(0);
    expect(stdout).toContain(`<${folder.path}\nerr\n\n[exit code 3]>`);
  });

  test.for(['../out.txt', '/tmp/out.txt', 'link/out.txt', 'link/new/out.txt', 'file-link'])(
    'does not write to %s, outside its folder',
    async (path) => {
      await using folder = await temporaryFolder();
      await using outside = await temporaryFolder();
      const cwd = join(folder.path, 'work');
      await mkdir(cwd);
      await symlink(outside.path, join(cwd, 'link'));
      await symlink(join(outside.path, 'target'), join(cwd, 'file-link'));
      const { code, stdout } = await runIn(cwd, calls('write', { path, content: 'x' }));
      expect(code).toBe(0);
      expect(stdout).toContain('<Error: ');
      expect([await readdir(outside.path), await readdir(folder.path)]).toEqual([[], ['work']]);
    },
  );

  test('reports to the model a tool that does not exist and arguments that cannot be read', async () => {
    await using folder = await temporaryFolder();
    expect((await runIn(folder.path, calls('dance', {}))).stdout).toContain('<Error: there is no tool dance>');
    expect((await runIn(folder.path, calls('write', { path: 'x' }))).stdout).toContain(
      '<Error: the argument content is missing>',
    );
  });

  test.for<{ name: string; rules: RuleInput[]; message: string }>([
    { name: 'refuses', rules: [{ fault: { type: 'http', status: 429, message: 'slow down' } }], message: '429' },
    {
      name: 'breaks off',
      rules: [{ reply: { text: 'half' }, fault: { type: 'breakStream', afterChunks: 1 } }],
      message: 'terminated',
    },
    {
      name: 'does not say why it stopped',
      rules: [{ reply: { text: 'half', finishReason: null } }],
      message: 'middle of an answer',
    },
  ])('exits with 1 and the reason when the server $name', async ({ rules, message }) => {
    await using folder = await temporaryFolder();
    const { code, stderr } = await runIn(folder.path, rules);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

describe('model-server as a process', () => {
  const main = fileURLToPath(new URL('../../src/model-server/main.ts', import.meta.url));
  const command = (...args: string[]) => ({
    command: [process.execPath, '--conditions=@runtime/source', main, ...args],
    env: {},
  });

  test('prints its url as JSON, serves the agent and leaves on SIGTERM', async () => {
    await using folder = await temporaryFolder();
    await using server = startAgent(command('--write-file', 'a.txt', '--text', 'hi', '--steps', '2', '--step-ms', '0'));
    await server.shows('\n');
    const { url } = JSON.parse(server.stdout());
    await using agent = startAgent(modelAgent({ url }), { cwd: folder.path });
    agent.child.stdin.end('go');
    expect((await agent.ended).code).toBe(0);
    expect(await readFile(join(folder.path, 'a.txt'), 'utf8')).toBe('hi\n');
    server.child.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  test('takes a scenario from a file and leaves when stdin ends', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'scenario.json');
    await writeFile(file, JSON.stringify({ rules: [{ reply: { text: 'from a file' } }] }));
    await using server = startAgent(command('--scenario', file, '--until-stdin-ends'));
    await server.shows('\n');
    await using agent = startAgent(modelAgent({ url: JSON.parse(server.stdout()).url }));
    agent.child.stdin.end('go');
    await agent.ended;
    expect(agent.stdout()).toBe('from a file\n');
    server.child.stdin.end();
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  test('exits with 1 and the reason for a scenario that cannot be played', async () => {
    await using server = startAgent(command());
    expect((await server.ended).code).toBe(1);
    expect(server.stderr()).toContain('--scenario or --write-file');
  });
});
