import { AgentRuntimeError, errorCodeSchema } from '@runtime/contracts';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../src/exit-codes.ts';
import { createOutput, formatError, wantsColour } from '../../src/render/output.ts';
import { createProgram } from '../../src/program.ts';
import { registerCommands } from '../../src/register-commands.ts';
import { Lab, Sink } from '../support/lab.ts';

describe('exit codes', () => {
  it('are one for each code, and the lock of a data directory is unavailable', () => {
    const table = Object.fromEntries(
      errorCodeSchema.options.map((code) => [code, exitCodeOf(new AgentRuntimeError(code, 'x'))]),
    );
    expect(table).toEqual({
      INVALID_ARGUMENT: 2,
      NOT_FOUND: 3,
      CONFLICT: 1,
      UNSUPPORTED: 1,
      UNAVAILABLE: 4,
      UNAUTHENTICATED: 1,
      PERMISSION_DENIED: 1,
      EXHAUSTED: 1,
      CANCELLED: 130,
      DEADLINE_EXCEEDED: 1,
      PROTOCOL_VIOLATION: 1,
      OUTCOME_UNKNOWN: 1,
      DATA_CORRUPT: 1,
      INTERNAL: 1,
    });
    expect(exitCodeOf(new AgentRuntimeError('CONFLICT', 'held', { details: { owner: { pid: 1 } } }))).toBe(4);
    expect(exitCodeOf(new AgentRuntimeError('CONFLICT', 'held', { details: { path: '/d/lock.db' } }))).toBe(4);
  });
});

/** The words of each command that does something. */
const leavesOf = (commands: readonly Command[]): string[][] =>
  commands
    .filter((command) => !['complete', 'help'].includes(command.name()))
    .flatMap((command) =>
      command.commands.length > 0
        ? leavesOf(command.commands).map((words) => [command.name(), ...words])
        : [[command.name()]],
    );

describe('what was typed wrong', () => {
  it.each([
    [['statsu'], 2, 'Did you mean status?'],
    [['run', '--timeot', '5m', 'x'], 2, "unknown option '--timeot'"],
    [['run', '--deadline', 'soon', 'x'], 2, 'not a duration'],
    [['run', '--needs', 'magic', 'x'], 2, 'not a capability'],
    [['run', '--approval-timeout', '90d', 'x'], 2, '--approval-timeout'],
    [['run', '--recovery', 'never', 'x'], 2, 'hint  known: auto, manual, restart'],
    [['run', '--thinking', 'hard', 'x'], 2, '--thinking: "hard" is not known here'],
    [['events', '--type', 'tool.begun'], 2, 'hint  known: tool.started, tool.delta, tool.ended'],
    [['events', '--type', 'tools.*'], 2, 'is not a known type of event'],
    [['list', '--label', 'web'], 2, 'hint  write it as name=value'],
    [['run', '--onn', 'pi', 'x'], 2, 'Did you mean --on?'],
    [['completion', 'tcsh'], 2, 'hint  known: bash, zsh, fish'],
    [['run', '--retries', 'many', 'x'], 2, 'expected a number from 0 to 99'],
    [['run'], 2, 'the prompt is missing'],
    [['run', 'two', 'words'], 2, 'too many arguments'],
    [['run', 'two', 'words'], 2, 'hint  text with spaces stands in quotes'],
    [['run', ' '], 2, 'the prompt is empty'],
    [['run', '--config', 'missing.json', 'x'], 2, 'cannot read the configuration'],
    [['status'], 2, "missing required argument 'task'"],
    [
      ['list', '--status', 'happy'],
      2,
      '--status: "happy" is not a known status [INVALID_ARGUMENT]\nhint  known: queued',
    ],
  ])('%j exits with %d and prints %j', async (args, code, message) => {
    await using lab = await Lab.open();
    const result = await lab.run(...args);
    expect(result.stderr).toContain(message);
    expect(result.stderr.match(/^error/gm)).toHaveLength(1);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(lab.started).toBe(0);
  });

  it('is one JSON document with --json, wherever the option stands', async () => {
    await using lab = await Lab.open();
    for (const args of [
      ['--json', 'statsu'],
      ['run', '--bogus', '--json'],
      ['status', 'nothing', '--json'],
    ]) {
      const result = await lab.run(...args);
      expect(result.json()).toMatchObject({ error: { code: expect.stringMatching(/INVALID_ARGUMENT|NOT_FOUND/) } });
      expect(result.stderr).toBe('');
    }
  });

  it('does not bring the whole help with it', async () => {
    await using lab = await Lab.open();
    for (const args of [['statsu'], ['zzz'], ['help', 'statsu'], ['config', 'sho']]) {
      const result = await lab.run(...args);
      expect([args, result.code, result.stdout]).toEqual([args, 2, '']);
      expect(result.stderr).toMatch(/^error unknown command '\w+' \[INVALID_ARGUMENT\]\nhint {2}.*\n$/);
    }
    expect((await lab.run('help', 'statsu')).stderr).toContain('Did you mean status?');
  });

  it('is one JSON document with --json when there is no command', async () => {
    await using lab = await Lab.open();
    for (const args of [['--json'], ['config', '--json']])
      expect((await lab.run(...args)).json()).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
  });

  it('points to the help of the command that was meant', async () => {
    await using lab = await Lab.open();
    expect((await lab.run('run', '--bogus')).stderr).toContain('hint  runtime run --help');
    expect((await lab.run('config', 'show', '--bogus')).stderr).toContain('hint  runtime config show --help');
    expect((await lab.run('--data-dir', 'd', 'status')).stderr).toContain('hint  runtime status --help');
    expect((await lab.run('zzz')).stderr).toContain('hint  runtime help');
  });

  it('gets help on how a task is named', async () => {
    await using lab = await Lab.open();
    for (const command of ['status', 'events', 'steer', 'cancel', 'answer', 'attach', 'requeue'])
      expect((await lab.run(command, '--help')).stdout).toContain('any unique part of the id, or last');
  });

  it.each([80, 40])('is helped in lines of at most %d columns, with examples', async (columns) => {
    await using lab = await Lab.open();
    const { commands } = createProgram(lab.dependencies());
    const groups = commands
      .filter((command) => command.commands.length > 0)
      .map((command) => [command.name(), '--help']);
    for (const args of [['help'], ...groups, ...leavesOf(commands).map((words) => [...words, '--help'])]) {
      const stdout = new Sink();
      stdout.columns = columns;
      const help = (await lab.start(args, { stdout }).ended).stdout;
      expect(help.split('\n').filter((line) => line.length > columns)).toEqual([]);
      if (!groups.includes(args)) expect([args, help.includes('\nExamples:\n  runtime ')]).toEqual([args, true]);
    }
  });

  it('has its options read as they are spelled in the examples', async () => {
    await using lab = await Lab.open();
    const { commands } = createProgram(lab.dependencies());
    for (const words of leavesOf(commands)) {
      const name = words.join(' ');
      const help = (await lab.run(...words, '--help')).stdout;
      const examples = [...help.matchAll(/^ {2}runtime (.*)$/gm)].map(([, text = '']) => text);
      for (const option of examples.flatMap((text) => text.match(/ --?[a-z-]+/g) ?? []))
        expect([name, option, help.includes(option.trim()) || examples.some((text) => text.includes('$('))]).toEqual([
          name,
          option,
          true,
        ]);
    }
  });

  it('is no error to ask for help or version', async () => {
    await using lab = await Lab.open();
    expect(await lab.run('--version')).toMatchObject({ code: 0, stdout: '1.2.3\n' });
    const help = await lab.run('help');
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('130  interrupted');
    expect(help.stdout).toContain('  4    unavailable: there is no owner');
    expect((await lab.run('run', '--help')).stdout).toContain('--until-closed');
  });
});

describe('runtime alone', () => {
  const bare = async (lab: Lab, columns: number, ...args: string[]): Promise<string[]> => {
    const stdout = new Sink(true);
    stdout.columns = columns;
    const result = await lab.start(args, { stdout }).ended;
    expect([result.code, result.stderr]).toEqual([0, '']);
    const lines = result.stdout.split('\n').slice(0, -1);
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    return lines;
  };

  it('shows the commands in groups, each in a line, on stdout', async () => {
    await using lab = await Lab.open();
    for (const columns of [80, 40]) {
      const lines = await bare(lab, columns);
      expect(lines[0]).toBe('Usage: runtime <command> [options]');
      expect(lines.filter((line) => line.endsWith(':'))).toEqual(['Tasks:', 'Talking to a task:', 'This machine:']);
      const { commands } = createProgram(lab.dependencies());
      const names = commands.map((command) => command.name()).filter((name) => name !== 'complete');
      const rows = lines.filter((line) => line.startsWith('  '));
      expect(rows.map((line) => line.trim().split(' ')[0])).toEqual(names);
      if (columns === 80) expect(rows.filter((line) => line.endsWith('…'))).toEqual([]);
    }
    expect(await bare(lab, 80, '--data-dir', 'd')).toEqual(await bare(lab, 80));
  });

  it('does so also for a command that only has commands', async () => {
    await using lab = await Lab.open();
    expect((await bare(lab, 80, 'config'))[0]).toBe('Usage: runtime config [options] [command]');
  });

  it('is less than the whole help, and says how to get that', async () => {
    await using lab = await Lab.open();
    const lines = await bare(lab, 80);
    // A line for each command, and what stands around them: it never grows by more than a command does.
    const { commands } = createProgram(lab.dependencies());
    expect(lines.length).toBeLessThanOrEqual(commands.length - 1 + 9);
    expect(lines.length).toBeLessThan((await lab.run('help')).stdout.split('\n').length);
    expect(lines.at(-1)).toContain('runtime help');
  });
});

describe('errors', () => {
  const colours = createOutput({ stdout: new Sink(), stderr: new Sink(), env: {} } as never, { json: false }).colours;
  const error = new AgentRuntimeError('UNAVAILABLE', 'no \u001b[31mowner', {
    hint: 'start one',
    cause: new Error('connect refused', { cause: 'ECONNREFUSED' }),
  });

  it('are message and hint, sanitised', () => {
    expect(formatError(error, colours, false)).toBe('error no owner [UNAVAILABLE]\nhint  start one');
  });

  it('come with their causes when asked for', () => {
    const text = formatError(error, colours, true);
    expect(text).toContain('cause Error: connect refused');
    expect(text).toContain('cause ECONNREFUSED');
  });

  it('do not hang on a cause that is its own', () => {
    const loop = new Error('loop');
    loop.cause = loop;
    expect(
      formatError(new AgentRuntimeError('INTERNAL', 'x', { cause: loop }), colours, true).split('cause Error').length,
    ).toBeLessThan(20);
  });
});

describe('colour', () => {
  it('is for terminals only, and NO_COLOR switches it off', () => {
    expect(wantsColour({}, new Sink(true))).toBe(true);
    expect(wantsColour({}, new Sink(false))).toBe(false);
    expect(wantsColour({ NO_COLOR: '1' }, new Sink(true))).toBe(false);
    expect(wantsColour({ NO_COLOR: '' }, new Sink(true))).toBe(true);
    expect(wantsColour({ TERM: 'dumb' }, new Sink(true))).toBe(false);
  });

  it('is not in --json', async () => {
    await using lab = await Lab.open();
    const result = await lab.start(['list', '--json'], { stdout: new Sink(true) }).ended;
    expect(result.stdout).toBe('[]\n');
  });
});

describe('a host’s own program', () => {
  it('takes the same commands under its own name', async () => {
    await using lab = await Lab.open();
    const host = new Command('openclaw');
    let code: number | undefined;
    const stdout = new Sink();
    const exit = (exitCode: number): void => void (code = exitCode);
    registerCommands(host.command('runtime'), lab.dependencies({ stdout, exit }));
    await host.parseAsync(['runtime', 'list', '--json'], { from: 'user' });
    expect([code, stdout.text]).toEqual([0, '[]\n']);
    const names = host.commands[0]?.commands.map((command) => command.name());
    expect(names).toEqual(
      expect.arrayContaining([
        'run',
        'submit',
        'list',
        'status',
        'events',
        'steer',
        'follow-up',
        'answer',
        'attach',
        'doctor',
      ]),
    );
  });
});
