import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, vi } from 'vitest';
import { bashCompletion } from '../../src/commands/completion-bash.ts';
import { shortId } from '../../src/render/short-id.ts';
import { Lab } from '../support/lab.ts';
import { ProcessLab } from '../support/process-lab.ts';

vi.setConfig({ testTimeout: 60_000 });

/** What a shell gets for these words: the values, and the directive. */
async function complete(lab: Lab, ...words: string[]): Promise<string[]> {
  const { stdout, code, stderr } = await lab.run('complete', '--', ...words);
  expect([code, stderr]).toEqual([0, '']);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t')[0] ?? '');
}

describe('what may stand at the end of a command line', () => {
  it.each([
    [['ste'], ['steer', ':4']],
    [
      ['config', 's'],
      ['schema', 'show', ':4'],
    ],
    [
      ['run', '--thinking', 'm'],
      ['minimal', 'medium', 'max', ':4'],
    ],
    [
      ['run', '--thinking=x'],
      ['xhigh', ':4'],
    ],
    [
      ['run', '--dea'],
      ['--deadline', ':4'],
    ],
    [
      ['ls', '--status', 'failed,lo'],
      ['failed,lost', ':4'],
    ],
    [
      ['events', '--type', 'breaker.'],
      ['breaker.opened', 'breaker.halfOpened', 'breaker.closed', ':4'],
    ],
    [
      ['help', 'co'],
      ['config', 'completion', ':4'],
    ],
    [
      ['config', 'help', ''],
      ['schema', 'show', ':4'],
    ],
    [['help', 'run', ''], [':4']],
    [
      ['--data-dir', '/nowhere', 'help', 'ste'],
      ['steer', ':4'],
    ],
    [
      ['run', 'help', '--dea'],
      ['--deadline', ':4'],
    ],
    [['run', '--workspace', ''], [':16']],
    [['run', '--prompt-file', ''], [':0']],
    [
      ['completion', 'f'],
      ['fish', ':4'],
    ],
    [['--data-dir', '/nowhere', 'status', ''], [':4']],
    [['run', '--', '--dea'], [':4']],
    [['nonsense', ''], [':4']],
  ])('%j', async (words, expected) => {
    await using lab = await Lab.open();
    expect(await complete(lab, ...words)).toEqual(expected);
    expect(lab.started).toBe(0);
  });

  it('is a runtime of the configuration, where --on asks for one', async () => {
    await using lab = await Lab.open();
    const runtimes = { shell: { adapter: 'local', command: ['sh'] }, pi: { adapter: 'pi' } };
    await writeFile(join(lab.workspace, 'runtime.config.json'), JSON.stringify({ runtimes }));
    expect(await complete(lab, 'run', '--on', '')).toEqual(['shell', 'pi', ':4']);
    expect(await complete(lab, 'run', '--on', 'shell,')).toEqual(['shell,pi', ':4']);
    expect(await complete(lab, 'run', '--needs', 'steer=delivered,s')).toEqual([':4']);
  });

  it('is a task that the command can be for', async () => {
    await using lab = await Lab.open(({ text }) => (text === 'hang' ? [{ do: 'hang' }] : []));
    const ended = (await lab.run('submit', 'x')).stdout.trim();
    await lab.run('wait', ended);
    const open = (await lab.run('submit', 'hang')).stdout.trim();
    expect(await complete(lab, 'status', '')).toEqual(['last', shortId(open), shortId(ended), ':4']);
    expect(await complete(lab, 'cancel', '')).toEqual(['last', shortId(open), ':4']);
    expect(await complete(lab, 'requeue', '')).toEqual(['last', shortId(ended), ':4']);
    expect(await complete(lab, 'wait', ended, shortId(open).slice(0, 5))).toEqual([shortId(open), ':4']);
    expect(await complete(lab, 'watch', open.slice(0, -1))).toEqual([open, ':4']);
  });
});

describe.skipIf(process.platform === 'win32')('the completion of bash', () => {
  it('needs no other package, splits no list, and runs nothing that was typed', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cli-bash-'));
    const script = `
      runtime() { printf '%s\\n' "$@" > asked; printf 'echo\\ta runtime\\necho,bad\\t\\n:4\\n'; }
      ${bashCompletion('runtime')}
      attempt() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _runtime_completion; echo "\${COMPREPLY[*]}"; }
      attempt runtime run --on ec
      attempt runtime run --on = echo,
      attempt runtime run '"$(touch ran)' ec
      tail -n 1 asked; grep -c touch asked`;
    const { stdout } = await execa('bash', ['--norc', '-c', script], { cwd: dir });
    expect(stdout.split('\n')).toEqual(['echo echo,bad', 'echo,bad', 'echo echo,bad', 'ec', '1']);
    await expect(access(join(dir, 'ran'))).rejects.toThrow();
    await rm(dir, { recursive: true });
  });

  it('comes from the program, as those of zsh and fish do', async () => {
    await using lab = await ProcessLab.open('main');
    expect((await lab.start('completion', 'bash')).stdout).toBe(bashCompletion('runtime'));
    expect((await lab.start('completion', 'zsh')).stdout).toContain('#compdef runtime');
    expect((await lab.start('completion', 'fish')).stdout).toContain('runtime complete --');
  });
});
