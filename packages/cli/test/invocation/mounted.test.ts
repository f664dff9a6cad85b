import { AgentRuntimeError } from '@runtime/contracts';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { commandNames, type CommandName, type Mount } from '../../src/mount.ts';
import { createProgram } from '../../src/program.ts';
import { registerCommands } from '../../src/register-commands.ts';
import { runCli } from '../../src/run-cli.ts';
import { nodePlanes } from '../../src/host/node-planes.ts';
import { makeHost, typeAt } from '../support/host.ts';
import { Lab, Sink } from '../support/lab.ts';

/** The headings of the help, and the first words below each. */
function groupsOf(help: string): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  let heading = '';
  for (const line of help.split('\n')) {
    if (/^\S.*:$/.test(line)) heading = line;
    else if (/^ {2}\S/.test(line)) (groups[heading] ??= []).push(line.trim().split(' ')[0] ?? '');
  }
  return groups;
}

describe('the commands that a host mounts', () => {
  it('are all of them, each known by its name', async () => {
    await using lab = await Lab.open();
    const { host } = makeHost(lab.dependencies());
    const mounted = host.commands.find((command) => command.name() === 'agents')?.commands ?? [];
    expect(mounted.map((command) => command.name())).toEqual(commandNames);
    const whole = createProgram(lab.dependencies()).commands.map((command) => command.name());
    expect(whole).toEqual([...commandNames, 'completion', 'complete']);
  });

  it('are those that it names, under their headings, with their aliases and arguments', async () => {
    await using lab = await Lab.open();
    const mount = { commands: ['status', 'cancel', 'list'] } as const;
    const { own } = await typeAt(lab, ['agents', '--help'], { mount });
    expect(groupsOf(own)).toMatchObject({ 'Tasks:': ['list', 'status'], 'Talking to a task:': ['cancel'] });
    expect(own).toContain('\n  cancel <task> ');
    expect(own).not.toContain('This machine:');
    expect(own).toContain('agents of the host');
    expect(await typeAt(lab, ['agents', 'ps', '--json'], { mount })).toMatchObject({ codes: [0], stdout: '[]\n' });
    expect(await typeAt(lab, ['agents', 'doctor'], { mount })).toMatchObject({ codes: [2], thrown: undefined });
  });

  it('stand beside those of the host, which keep their help', async () => {
    await using lab = await Lab.open();
    const root = (host: Command): Command => host;
    const { own } = await typeAt(lab, ['--help'], { parent: root, mount: { commands: ['list'] } });
    expect(own).toContain('\n  greet [options] <name>  a command of the host\n');
    expect(groupsOf(own)).toMatchObject({ 'Commands:': ['greet', 'help'], 'Tasks:': ['list'] });
    const listed = await typeAt(lab, ['list', '--json'], { parent: root });
    expect(listed).toMatchObject({ codes: [0], stdout: '[]\n', thrown: undefined });
    const unknown = await typeAt(lab, ['nothing'], { parent: root });
    expect(unknown).toMatchObject({ codes: [], thrown: { code: 'commander.unknownCommand' } });
    expect((await typeAt(lab, ['help', 'steer'], { parent: root })).own).toMatch(/^Usage: host steer .*--wait/s);
  });

  it.each<readonly [string, Partial<Mount>, string]>([
    ['a command that is none', { commands: ['list', 'lst' as CommandName] }, '"lst" is not a command'],
    ['an alias, which follows its command', { commands: ['ls' as CommandName] }, '"ls" is not a command'],
    ['the completion, which is of a whole program', { commands: ['completion' as CommandName] }, 'completion'],
    ['an empty name', { name: ' ' }, 'the name'],
  ])('cannot be %s', async (_what, mount, message) => {
    await using lab = await Lab.open();
    const register = (): void => registerCommands(new Command('host'), lab.dependencies(), mount);
    expect(register).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(register).toThrow(message);
  });

  it('cannot take the name or the alias of a command that is there', async () => {
    await using lab = await Lab.open();
    for (const name of ['status', 'ls']) {
      const host = new Command('host');
      host.command(name);
      expect(() => registerCommands(host, lab.dependencies())).toThrow(`host has a command ${name} already`);
    }
  });
});

describe('wrong usage of a mounted command', () => {
  it.each([
    [['agents', 'list', '--bogus'], "unknown option '--bogus'", 'host agents list --help'],
    [['agents', 'cancel'], "missing required argument 'task'", 'host agents cancel --help'],
    [['agents', 'wait', 'last', '--timeout', 'soon'], '--timeout: ', 'with units'],
    [['agents', 'submit', 'x', '--thinking', 'hard'], '"hard" is not known here', 'known: off'],
    [['agents', 'list', 'too', 'many'], 'too many arguments', 'quotes'],
    [['agents', 'config', 'show', '--bogus'], "unknown option '--bogus'", 'host agents config show --help'],
    [['agents', 'lisst'], "unknown command 'lisst'", 'list'],
    [['agents', '--bogus', 'list'], "unknown option '--bogus'", 'host agents help'],
  ])('%j exits with 2, said once and as ever, and the host hears nothing of it', async (line, message, hint) => {
    await using lab = await Lab.open();
    const typed = await typeAt(lab, line);
    expect(typed).toMatchObject({ codes: [2], stdout: '', own: '', thrown: undefined });
    const lines = typed.stderr.trimEnd().split('\n');
    expect(lines.map((each) => each.split(' ')[0])).toEqual(['error', 'hint']);
    expect(lines[0]).toContain(message);
    expect(lines[1]).toContain(hint);
  });

  it('is one document with --json', async () => {
    await using lab = await Lab.open();
    const { stdout, codes } = await typeAt(lab, ['agents', 'cancel', '--json']);
    expect([codes, JSON.parse(stdout)]).toEqual([
      [2],
      { error: expect.objectContaining({ code: 'INVALID_ARGUMENT' }) },
    ]);
  });

  it('changes nothing for the commands of the host', async () => {
    await using lab = await Lab.open();
    const missing = await typeAt(lab, ['greet']);
    expect(missing).toMatchObject({
      codes: [],
      stderr: '',
      own: "error: missing required argument 'name'\n",
      thrown: { code: 'commander.missingArgument', exitCode: 1 },
    });
    const unknown = await typeAt(lab, ['greet', 'you', '--bogus']);
    expect([unknown.own, unknown.thrown?.code]).toEqual([
      "error: unknown option '--bogus'\n",
      'commander.unknownOption',
    ]);
    const greeted = await typeAt(lab, ['greet', 'you', '--loud', '--json']);
    expect(greeted.called).toEqual(['you', { loud: true }, { json: true, config: 'host.toml', color: true }]);
  });
});

describe('the options of a mounted command', () => {
  it.each([
    ['after its name', ['agents', 'list', '--json']],
    ['before it', ['agents', '--json', 'list']],
    ['with the host’s own of the same name before ours', ['--config', 'nowhere.toml', 'agents', 'list', '--json']],
    ['with options of the host in between', ['agents', '--profile', 'agents', '--json', 'list', '-px', '--no-color']],
    ['after a value of the host that is called as we are', ['--profile', 'agents', 'agents', 'list', '--json']],
  ])('stand %s', async (_where, line) => {
    await using lab = await Lab.open();
    expect(await typeAt(lab, line)).toMatchObject({ codes: [0], stdout: '[]\n', stderr: '', thrown: undefined });
  });

  it('are not those of the host, which are called alike', async () => {
    await using lab = await Lab.open();
    expect((await typeAt(lab, ['--json', 'agents', 'list'])).stdout).toContain('there are no tasks');
    // Read as ours, it would be a file that is not there.
    const line = ['--config', 'nowhere.toml', 'agents', 'config', 'show', '--json'];
    expect(await typeAt(lab, line)).toMatchObject({ codes: [0], stdout: expect.stringContaining('"memory"') });
    const ours = await typeAt(lab, ['agents', 'config', 'show', '--config', 'nowhere.json']);
    expect(ours).toMatchObject({ codes: [2], stderr: expect.stringContaining('nowhere.json') });
    const before = await typeAt(lab, ['agents', '--config=nowhere.json', 'config', 'show']);
    expect(before).toMatchObject({ codes: [2], stderr: expect.stringContaining('nowhere.json') });
  });

  it('end at two dashes, as the text does that is no option', async () => {
    await using lab = await Lab.open();
    const typed = await typeAt(lab, ['agents', 'submit', '--json', '--', '--profile']);
    expect([typed.codes, typed.stderr]).toEqual([[0], '']);
    expect(JSON.parse(typed.stdout)).toMatchObject({ title: '--profile' });
  });

  it('take values that look like those of the host', async () => {
    await using lab = await Lab.open();
    const typed = await typeAt(lab, ['agents', 'submit', 'x', '--title', 'agents', '--json']);
    expect(JSON.parse(typed.stdout)).toMatchObject({ title: 'agents' });
  });
});

describe('the help of mounted commands', () => {
  it('is that of the host for the command that holds them, and ours for each', async () => {
    await using lab = await Lab.open();
    const alone = await typeAt(lab, ['agents']);
    expect(alone).toMatchObject({ codes: [0], stderr: '', own: '', thrown: undefined });
    expect((await typeAt(lab, ['agents', '--help'])).own).toBe(alone.stdout);
    const help = await typeAt(lab, ['agents', 'run', '--help']);
    expect(help).toMatchObject({ codes: [0], own: '', stdout: expect.stringMatching(/^Usage: host agents run /) });
    expect((await typeAt(lab, ['agents', 'help', 'run'])).stdout).toBe(help.stdout);
    expect((await typeAt(lab, ['agents', 'config', 'show', '-h'])).stdout).toMatch(/^Usage: host agents config show/);
    expect((await typeAt(lab, ['agents', 'help'])).stdout).toContain('130  interrupted');
  });

  it('is without examples of commands that are not there', async () => {
    await using lab = await Lab.open();
    const { stdout } = await typeAt(lab, ['agents', 'wait', '--help'], { mount: { commands: ['wait'] } });
    expect(stdout).toContain('\n  host agents wait last\n');
    expect(stdout).not.toContain('$(');
    const stop = await typeAt(lab, ['agents', 'stop', '--help'], { mount: { commands: ['stop'] } });
    expect(stop.stdout).not.toContain('cancel');
  });

  it('calls them as a program is called that has no name of its own', async () => {
    await using lab = await Lab.open();
    const stdout = new Sink();
    const host = new Command();
    registerCommands(host.command('agents'), lab.dependencies({ stdout }), { commands: ['list'] });
    await host.parseAsync(['node', '/somewhere/tool.js', 'agents', 'list', '--help']);
    expect(stdout.text).toMatch(/^Usage: tool agents list /);
  });

  it('are found also in a command that is added to its program later', async () => {
    await using lab = await Lab.open();
    const stdout = new Sink();
    const agents = new Command('agents');
    registerCommands(agents, lab.dependencies({ stdout }), { commands: ['list'] });
    const host = new Command('host').addCommand(agents);
    await host.parseAsync(['agents', 'list', '--help'], { from: 'user' });
    expect(stdout.text).toMatch(/^Usage: host agents list /);
  });

  it('calls them as the host says', async () => {
    await using lab = await Lab.open();
    const { stdout } = await typeAt(lab, ['agents', 'list', '--help'], { mount: { name: 'openclaw runtime' } });
    expect(stdout).toMatch(/^Usage: openclaw runtime list /);
    expect(stdout).toContain('\n  openclaw runtime list -q --label team=web\n');
  });
});

describe('what mounted commands say', () => {
  const bare = new RegExp(String.raw`\bruntime (?:--|<|(?:${[...commandNames, 'help', 'completion'].join('|')})\b)`);

  /** Everything that is written for these lines, each on a terminal and in a pipe. */
  async function said(lab: Lab, lines: readonly (readonly string[])[], deps = {}): Promise<string[]> {
    const texts: string[] = [];
    for (const line of lines) {
      for (const isTTY of [true, false]) {
        const [stdout, stderr] = [new Sink(isTTY), new Sink(isTTY)];
        const typed = await typeAt(lab, ['agents', ...line], { deps: { stdout, stderr, ...deps } });
        expect(typed.thrown).toBeUndefined();
        texts.push(`${line.join(' ')}: ${stdout.text}${stderr.text}${typed.own}`);
      }
    }
    return texts;
  }

  it('never names a command as another program has it: helps and usage errors', async () => {
    await using lab = await Lab.open();
    const leaves = [...commandNames.filter((name) => name !== 'config'), 'config show', 'config schema', 'config'];
    const lines = leaves.flatMap((name) => [`${name} --help`, `${name} --bogus`, `help ${name}`, `${name} a b c d`]);
    const texts = await said(lab, [[], ['help'], ['bogus'], ...lines.map((line) => line.split(' '))]);
    expect(texts.filter((text) => bare.test(text))).toEqual([]);
    for (const name of leaves) expect(texts.some((text) => text.includes(`host agents ${name}`))).toBe(true);
  });

  it('nor where a task, an owner or the configuration is missing, or a task waits', async () => {
    await using lab = await Lab.open(() => [{ do: 'hang' }]);
    const names = (...lines: readonly string[]) => lines.map((line) => line.split(' '));
    const texts = await said(lab, names('list', 'status last', 'status nope', 'verify', 'wait last', 'stop'));
    texts.push(...(await said(lab, names('submit x --until-closed --share-workspace'))));
    const { stdout: id } = await typeAt(lab, ['agents', 'list', '-q', '--limit', '1']);
    const task = id.trim();
    texts.push(
      ...(await said(lab, names(`attach ${task}`, `requeue ${task}`, `answer ${task}`, `status ${task.slice(-3)}`))),
    );
    texts.push(...(await said(lab, names('submit x --on nothing', 'doctor', 'runtimes'))));
    await lab.closeOwners();
    texts.push(...(await said(lab, names('list', `status ${task}`, `wait ${task} --timeout 1ms`, `events ${task}`))));
    const broken = { loadConfig: () => Promise.resolve({ config: { runtimes: 7 }, path: undefined }) };
    texts.push(...(await said(lab, names('run x', 'doctor', 'config show'), broken)));
    expect(texts.filter((text) => bare.test(text))).toEqual([]);
    const all = texts.join('');
    for (const hint of ['host agents run "<prompt>"', 'host agents watch', 'host agents serve --detach starts one'])
      expect(all).toContain(hint);
    expect(all).toContain('host agents config schema prints what is expected');
  });

  it('is the same without commander: a host of another kind calls `runCli` with its name', async () => {
    await using lab = await Lab.open();
    const [stdout, stderr] = [new Sink(), new Sink()];
    const mount = { name: 'host agents', commands: ['list', 'status'] } as const;
    expect(await runCli(['status', 'x'], lab.dependencies({ stdout, stderr, mount }))).toBe(3);
    expect(stderr.text).not.toContain('run "<prompt>"');
    expect(await runCli(['run', 'x'], lab.dependencies({ stdout, stderr, mount }))).toBe(2);
  });
});

describe('a host whose commands start no owner', () => {
  const noOwnerHint = 'start the gateway: host gateway run';
  const deps = { startOwner: undefined, noOwnerHint };

  it('says so, and how there will be one', async () => {
    await using lab = await Lab.open();
    for (const line of ['submit x', 'run x', 'serve --detach', 'steer last x']) {
      const typed = await typeAt(lab, ['agents', ...line.split(' ')], { deps });
      expect(typed).toMatchObject({ codes: [4], stdout: '', thrown: undefined });
      expect(typed.stderr).toMatch(
        /^error no owner of .* lives \[UNAVAILABLE\]\nhint {2}start the gateway: host gateway run\n$/,
      );
    }
    expect(lab.started).toBe(0);
  });

  it('has tasks that wait for one, and says the same of them', async () => {
    await using lab = await Lab.open(() => [{ do: 'hang' }]);
    await lab.run('submit', 'x');
    await lab.closeOwners();
    for (const line of [['list'], ['status', 'last'], ['wait', 'last', '--timeout', '1ms'], ['doctor']]) {
      const typed = await typeAt(lab, ['agents', ...line], { deps });
      expect(typed.stdout + typed.stderr).toContain(`; ${noOwnerHint}`);
    }
  });

  it('keeps the owner that lives, of an older version too: nothing would come after it', async () => {
    await using lab = await Lab.open();
    let isAsked = false;
    await using plane = await nodePlanes().open({
      ...lab.dependencies(),
      dataDir: lab.dataDir,
      listen: false,
      version: '0.0.1',
      onLeaveRequest: () => void (isAsked = true),
    });
    expect(await typeAt(lab, ['agents', 'submit', 'x'], { deps })).toMatchObject({ codes: [0], stderr: '' });
    expect([isAsked, (await plane.tasks()).length]).toEqual([false, 1]);
  });

  it('does not take the place of the host: no command owns the data directory beside serve', async () => {
    await using lab = await Lab.open();
    expect((await typeAt(lab, ['agents', 'run', '--help'], { deps })).stdout).not.toContain('--foreground');
    expect(await typeAt(lab, ['agents', 'run', 'x', '--foreground'], { deps })).toMatchObject({ codes: [2] });
  });
});

describe('a host that brings its configuration', () => {
  const config = { runtimes: { memory: { adapter: 'local' as const, command: ['memory'] } } };
  const deps = { loadConfig: () => Promise.resolve({ config, path: undefined, source: 'plugins of host.toml' }) };

  it('has it used, and no file is looked for or named', async () => {
    await using lab = await Lab.open();
    const shown = await typeAt(lab, ['agents', 'config', 'show'], { deps });
    expect(shown.stdout).toMatch(/^plugins of host\.toml\n/);
    expect((await typeAt(lab, ['agents', 'doctor'], { deps })).stdout).toContain('plugins of host.toml: memory');
    expect((await typeAt(lab, ['agents', 'list', '--help'], { deps })).stdout).not.toContain('--config');
    const refused = await typeAt(lab, ['agents', 'submit', 'x', '--on', 'nothing'], { deps });
    expect([refused.codes, refused.stderr]).toEqual([[3], expect.stringContaining('in plugins of host.toml')]);
    expect(await typeAt(lab, ['agents', 'run', '-q', 'x'], { deps })).toMatchObject({ codes: [0] });
  });

  it('has its mistakes told as those of a file', async () => {
    await using lab = await Lab.open();
    const wrong = {
      loadConfig: () => Promise.resolve({ ...JSON.parse('{"config":{"runtimes":{"a":{}}}}'), path: undefined }),
    };
    const typed = await typeAt(lab, ['agents', 'run', 'x'], { deps: wrong });
    expect([typed.codes, typed.stderr]).toEqual([[2], expect.stringContaining('the configuration: runtimes.a')]);
    const failed = { loadConfig: () => Promise.reject(new AgentRuntimeError('PERMISSION_DENIED', 'not yours')) };
    expect((await typeAt(lab, ['agents', 'run', 'x'], { deps: failed })).stderr).toContain('not yours');
  });
});
