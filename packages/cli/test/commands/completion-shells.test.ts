import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { execa, execaSync } from 'execa';
import { describe, expect, inject, it, vi } from 'vitest';
import { ProcessLab, until } from '../support/process-lab.ts';

// Each Tab is a process of Node.
vi.setConfig({ testTimeout: 120_000 });

const has = (program: string): boolean => !execaSync(program, ['--version'], { reject: false }).failed;
/** Gives a shell a terminal. That of other systems takes other options. */
const hasTerminal = process.platform === 'linux' && has('script');

/** What is typed before the Tab key, and the words that the program gets then. */
const typed: readonly (readonly [string, string])[] = [
  ['ls --status failed,lo', '<ls><--status><failed,lost>'],
  ['ls --status=failed,lo', '<ls><--status=failed,lost>'],
  ['events --type tool.started,run.en', '<events><--type><tool.started,run.ended>'],
  ['run --needs steer=delivered,follo', '<run><--needs><steer=delivered,followUp>'],
  ['run "a b" --on echo,sh', '<run><a b><--on><echo,shell>'],
];

/** A lab with `runtime` on its PATH, which completes as the real one does, and else prints its words. */
async function open(shell: string) {
  const lab = await ProcessLab.open('main');
  const runtimes = Object.fromEntries(['echo', 'shell', 'pi'].map((id) => [id, { adapter: 'local', command: [id] }]));
  await writeFile(join(lab.workspace, 'runtime.config.json'), JSON.stringify({ runtimes }));
  const bin = join(lab.root, 'bin');
  await mkdir(bin);
  const main = resolve(import.meta.dirname, '../../src/main.ts');
  const program = `#!/bin/sh
case "$1" in complete) exec "${process.execPath}" --conditions=@runtime/source "${main}" "$@";; esac
printf '<%s>' "$@"; printf '.\\n'`;
  await writeFile(join(bin, 'runtime'), program);
  await chmod(join(bin, 'runtime'), 0o700);
  const completion = join(lab.root, 'completion');
  await writeFile(completion, (await lab.start('completion', shell)).stdout);
  const env = { ...lab.env, PATH: `${bin}:${lab.env['PATH']}`, TERM: 'dumb', PS1: '', PS2: '' };
  const options = { cwd: lab.workspace, env, extendEnv: false, timeout: Math.round(100_000 * inject('slowness')) };
  return { lab, completion, options };
}

/** Types into an interactive shell on a terminal, one line after the answer to the one before. */
async function typeInto(shell: string, command: string, prepare: (completion: string) => string): Promise<string[]> {
  const { lab, completion, options } = await open(shell);
  await using _ = lab;
  const terminal = execa('script', ['-qec', command, '/dev/null'], { ...options, stdin: 'pipe', reject: false });
  terminal.stdin.write(`${prepare(completion)}; echo re''ady\n`);
  await until(terminal, 'stdout', 'ready');
  for (const [text] of typed) {
    const answered = until(terminal, 'stdout', '>.');
    terminal.stdin.write(`runtime ${text}\t\n`);
    await answered;
  }
  terminal.stdin.end('exit\n');
  return [...(await terminal).stdout.matchAll(/(<.*>)\./g)].map(([, words = '']) => words);
}

const expected = typed.map(([, words]) => words);

describe('the Tab key completes lists with commas', () => {
  it.skipIf(!hasTerminal || !has('bash'))('in bash', async () => {
    const words = await typeInto('bash', 'bash --norc --noprofile -i', (file) => `source ${file}`);
    expect(words).toEqual(expected);
  });

  it.skipIf(!hasTerminal || !has('zsh'))('in zsh', async () => {
    const words = await typeInto('zsh', 'zsh -f -i', (file) => `autoload -Uz compinit; compinit -D -u; source ${file}`);
    expect(words).toEqual(expected);
  });

  it.skipIf(!has('fish'))('in fish', async () => {
    const { lab, completion, options } = await open('fish');
    await using _ = lab;
    for (const [text, words] of typed) {
      const script = `source ${completion}; complete -C 'runtime ${text}'`;
      const { stdout } = await execa('fish', ['--no-config', '-c', script], { ...options, stdin: 'ignore' });
      expect(words).toContain(stdout.trim());
    }
  });
});
