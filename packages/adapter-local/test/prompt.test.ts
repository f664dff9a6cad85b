import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { local, type LocalOptions } from '../src/index.ts';
import { localRunFiles } from '../src/run-files.ts';
import { launchOf, run } from './support/stage.ts';

const awkward =
  'first\nsecond \'single\' "double" `touch x` $(touch x) #(touch x) ; touch x | & > x \\n %s ~ * {workspace} {prompt}\u0007\u001b[201~\t é 漢 😀\u2028.';

/** The same program for every way in: it gives its prompt back as it came. */
const ways: Readonly<Record<string, LocalOptions>> = {
  'by stdin': { command: ['cat'] },
  'by a file': { command: ['cat', '{promptFile}'] },
  'by an argument': { command: ['printf', '%s', '{prompt}'] },
  'inside an argument': { command: ['sh', '-c', 'printf %s "${1#--prompt=}"', 'sh', '--prompt={prompt}'] },
};

test.for(Object.entries(ways))(
  'a prompt full of traps arrives %s byte for byte, and none of them is sprung',
  async ([, options]) => {
    const { stdout, exit, launch } = await run(options, awkward);
    expect(stdout).toBe(awkward);
    expect(exit).toEqual({ kind: 'exited', code: 0 });
    expect(await readdir(launch.workspace)).toEqual([]);
  },
);

test('a prompt by stdin ends with the end of the file, and may hold what no argument can', async () => {
  const prompt = `a\0b${'x'.repeat(1_000_000)}`;
  const { stdout } = await run({ command: ['cat'] }, prompt);
  expect(stdout).toBe(prompt);
});

test('the prompt file is for its owner alone', async () => {
  const { launch } = await run({ command: ['cat', '{promptFile}'] }, 'secret plans');
  const { mode } = await stat(localRunFiles(launch.handle.runDir).prompt);
  expect(mode & 0o777).toBe(0o600);
});

test('a prompt by argument is not left in a file', async () => {
  const { launch } = await run({ command: ['printf', '%s', '{prompt}'] }, 'once');
  expect((await stat(localRunFiles(launch.handle.runDir).prompt)).size).toBe(0);
});

test('{workspace} is filled in, and is where the command runs', async () => {
  const { stdout, launch } = await run({ command: ['sh', '-c', 'pwd -P; echo "$1"', 'sh', 'in {workspace}'] }, 'go');
  expect(stdout).toBe(`${launch.workspace}\nin ${launch.workspace}\n`);
});

test.for([
  ['a NUL character', 'a\0b'],
  ['more than an argument holds', 'x'.repeat(128 * 1024)],
] as const)('a prompt with %s is refused for an argument, with a hint, before anything starts', async ([, prompt]) => {
  const adapter = local({ command: ['printf', '%s', '{prompt}'] });
  const launch = await launchOf(prompt);
  await expect(adapter.start(launch)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    hint: expect.stringContaining('{promptFile}'),
  });
  expect(await readdir(launch.handle.runDir)).toEqual([]);
});

test('the longest prompt that an argument holds goes through', async () => {
  const prompt = 'x'.repeat(128 * 1024 - 1);
  const { stdout } = await run({ command: ['printf', '%s', '{prompt}'] }, prompt);
  expect(stdout.length).toBe(prompt.length);
});

test('files are named by their path in the prompt', async () => {
  const parts = [{ type: 'text', text: 'Read' } as const, { type: 'file', path: join('docs', 'plan.md') } as const];
  const { stdout } = await run({ command: ['cat'] }, '', { instruction: { id: 'i-1', mode: 'prompt', parts } });
  expect(stdout).toBe('Read\n[file: docs/plan.md]');
});
