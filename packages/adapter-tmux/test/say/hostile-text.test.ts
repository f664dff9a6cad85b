import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TmuxOptions } from '../../src/index.ts';
import { Stage, readAll, shown } from '../support/stage.ts';

const corpus = [
  '#(touch x)',
  `x'; touch x; '`,
  'x"; touch x; "',
  '$(touch x) `touch x` ${HOME}',
  '#{pid} #S #[fg=red] %H%M %% ##',
  'ends with a semicolon;',
  'ends with an escaped one \\;',
  '; kill-server ;',
  '\\; kill-server',
  '-t =x: --help',
  '{prompt} {promptFile} {workspace} $& $1 $$',
  'a\tb\n\nc\n',
  '\n leading and trailing \n',
  'é 漢字 😀 \u2028 \u2029 \ufeff',
  '~ * ? [a-z] !! ^U',
  'x'.repeat(100_000),
];

const ways: readonly TmuxOptions[] = [
  { command: ['bash', '-c', 'printf %s "$2" >"$1"', '--', '{workspace}/got', '{prompt}'] },
  { command: ['bash', '-c', 'cat "$1" >"$0"', '{workspace}/got', '{promptFile}'] },
  { command: ['bash', '-c', 'cat >"$0"', '{workspace}/got'], prompt: 'stdin' },
];

test.each(ways)('text that is a trap elsewhere arrives as it is (%#)', async (options) => {
  await using stage = await Stage.open();
  for (const text of corpus) {
    const launch = await stage.launch(text);
    await readAll(await stage.start(options, launch));
    expect(await readFile(join(launch.workspace, 'got'), 'utf8')).toBe(text);
    expect(await readdir(launch.workspace)).toEqual(['got']);
    expect(await readdir(launch.handle.runDir)).not.toContain('x');
  }
});

test.each(['w#(touch x)', 'w#{pid}', `w'; touch x; '`, 'w $(touch x) %H', 'w;', ' w\n-é'])(
  'a workspace and a run directory named %j are places and nothing else',
  async (name) => {
    await using stage = await Stage.open();
    const workspace = join(stage.dir, name);
    const runDir = join(stage.dir, `run ${name}`);
    const { session } = await stage.bash('pwd; touch "$PWD/here"', 'go', { workspace, runDir });
    expect(shown(await readAll(session))).toBe(`${workspace}\n`);
    expect(await readdir(workspace)).toEqual(['here']);
    const outside = await readdir(stage.dir);
    expect(outside.toSorted()).toEqual([`run ${name}`, name].toSorted());
    expect(await readdir(runDir)).not.toContain('x');
  },
);

test('stdin is the prompt, and the output is a terminal all the same', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('some words');
  const script =
    'if [ -t 1 ]; then echo terminal; fi; if [ ! -t 0 ]; then echo "file: $(cat)"; fi; stty size </dev/tty';
  const session = await stage.start(
    { command: ['bash', '-c', script], prompt: 'stdin', size: { columns: 91, rows: 23 } },
    launch,
  );
  expect(shown(await readAll(session))).toBe('terminal\nfile: some words\n23 91\n');
});

test('a prompt that is too long for an argument is refused before anything starts, with a way out', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('x'.repeat(200_000));
  const start = stage.start({ command: ['true', '{prompt}'] }, launch);
  await expect(start).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', hint: expect.stringContaining('promptFile') });
  expect(await readdir(launch.handle.runDir)).toEqual([]);
});
