import { execFileSync } from 'node:child_process';
import { memoryRuntime, type MemoryScript } from '@runtime/conformance/memory-runtime';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createProgram } from '../../src/program.ts';
import { Lab, Sink } from '../support/lab.ts';

/** The words of every command that a person can see. */
function leavesOf(command: Command, before: readonly string[] = []): string[] {
  const shown = command.createHelp().visibleCommands(command);
  return shown
    .filter((child) => child.name() !== 'help')
    .flatMap((child) => {
      const words = [...before, child.name()];
      return child.commands.length > 0 ? leavesOf(child, words) : [words.join(' ')];
    });
}

const id = /^task-[0-9a-z]{26}\n$/;
const nothing = /^$/;

/** What each command prints with `-q`, in a lab with the tasks `it` and `tree`, which have ended, and `open` and `asks`, which run. */
const table: Readonly<Record<string, readonly (readonly [args: readonly string[], stdout: RegExp])[]>> = {
  run: [[['run', 'x', '--share-workspace'], /^did x\n$/]],
  submit: [[['submit', 'x', '--share-workspace'], id]],
  watch: [[['watch', 'it'], /^did it\n$/]],
  wait: [[['wait', 'it'], nothing]],
  list: [
    [['list', '--status', 'succeeded', '--limit', '1'], id],
    [['list', '--status', 'lost'], nothing],
  ],
  status: [[['status', 'it'], /^succeeded\n$/]],
  events: [[['events', 'it', '--type', 'task.ended'], /^\S+ \S*task\.ended\S* outcome=.*\n$/]],
  log: [[['log'], /^(\{.*\}\n)+$/]],
  'artifacts list': [[['artifacts', 'list', 'it'], /^runs\/1\/message\.md\n$/]],
  'artifacts get': [
    [['artifacts', 'get', 'it', 'runs/1/message.md'], /^did it\n$/],
    [['artifacts', 'get', 'it', '--to', 'out'], /^runs\/1\/message\.md\n$/],
  ],
  'artifacts put': [
    [['artifacts', 'put', 'open', '../runtime.config.json', '--name', 'c'], /^artifact:\/\/task-\w+\/c\n$/],
  ],
  'artifacts verify': [[['artifacts', 'verify'], nothing]],
  'artifacts gc': [[['artifacts', 'gc'], nothing]],
  requeue: [[['requeue', 'it'], id]],
  diff: [[['diff', 'tree'], nothing]],
  apply: [[['apply', 'tree'], nothing]],
  rm: [[['rm', 'it', '--dry-run'], id]],
  prune: [[['prune', '--keep', '100'], nothing]],
  attach: [[['attach', 'open'], nothing]],
  steer: [[['steer', 'open', 'y'], /^ins-[0-9a-z]{26}\n$/]],
  'follow-up': [[['follow-up', 'open', 'y'], /^ins-[0-9a-z]{26}\n$/]],
  answer: [
    [['answer', 'open'], nothing],
    [['answer', 'asks'], /^<approval>\n$/],
    [['answer', 'asks', 'allow'], nothing],
  ],
  interrupt: [[['interrupt', 'open'], nothing]],
  close: [[['close', 'asks'], nothing]],
  cancel: [[['cancel', 'asks', '--wait'], nothing]],
  runtimes: [[['runtimes'], /^memory\n$/]],
  serve: [
    [['serve', '--detach'], nothing],
    [['serve', '--idle-exit', '20ms', '--data-dir', 'other'], nothing],
  ],
  stop: [[['stop', '--data-dir', 'none'], nothing]],
  verify: [[['verify'], nothing]],
  doctor: [[['doctor'], /^([a-z][\w .-]*\n)*$/]],
  'config show': [[['config', 'show'], /^\{[^]*\}\n$/]],
  'config schema': [[['config', 'schema'], /^\{[^]*\}\n$/]],
  completion: [[['completion', 'bash'], /^# bash completion/]],
};

/** A lab with the tasks of the table. Returns their ids by name. */
async function prepare(lab: Lab): Promise<ReadonlyMap<string, string>> {
  const attach = { command: ['tmux', 'attach'] };
  const script: MemoryScript = ({ text }) => {
    if (text === 'open') return [{ do: 'hang' }];
    if (text === 'asks') return [{ do: 'ask', title: 'May I?', answered: () => [{ do: 'hang' }] }];
    return [{ do: 'say', text: `did ${text}` }];
  };
  lab.use(memoryRuntime({ attach, script }));
  const ids = new Map<string, string>();
  for (const [name, until] of [
    ['it', 'task.ended'],
    ['open', 'turn.started'],
    ['asks', 'approval.requested'],
  ] as const) {
    const task = (await lab.run('submit', name, '--share-workspace')).stdout.trim();
    ids.set(name, task);
    const events = lab.start(['events', '-f', task]);
    await events.stdout.holds(until);
    events.signal('SIGINT');
    await events.ended;
  }
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=me', '-c', 'user.email=me', ...args], { cwd: lab.workspace });
  git('init', '-q');
  git('commit', '-q', '--allow-empty', '-m', 'first');
  const tree = (await lab.run('submit', 'tree', '--worktree')).stdout.trim();
  await lab.run('wait', tree);
  return ids.set('tree', tree);
}

describe('-q', () => {
  it('leaves of every command the bare result alone, and of a terminal’s remarks nothing', async () => {
    await using lab = await Lab.open();
    const ids = await prepare(lab);
    const approval = z.array(z.object({ id: z.string() }));
    const [asked] = approval.parse((await lab.run('answer', ids.get('asks') ?? '', '--json')).json());
    const seen: unknown[] = [];
    const expected: unknown[] = [];
    for (const [args, stdout] of Object.values(table).flat()) {
      const words = args.map((word) => ids.get(word) ?? word);
      const overrides = { stdout: new Sink(true), runOnTerminal: () => Promise.resolve(0) };
      const result = await lab.start([...words, '-q'], overrides).ended;
      const shown = result.stdout.replace(asked?.id ?? '', '<approval>');
      seen.push([args, result.code, stdout.test(shown) ? stdout : shown, result.stderr]);
      expected.push([args, 0, stdout, '']);
    }
    expect(seen).toEqual(expected);
  });

  it('has a rule for every command', async () => {
    await using lab = await Lab.open();
    expect(leavesOf(createProgram(lab.dependencies())).toSorted()).toEqual(Object.keys(table).toSorted());
  });
});
