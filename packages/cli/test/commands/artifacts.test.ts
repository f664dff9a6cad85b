import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { openArtifactStore } from '@runtime/artifacts';
import { memoryRuntime, type MemoryStep } from '@runtime/conformance/memory-runtime';
import { describe, expect, it } from 'vitest';
import { Lab, Sink } from '../support/lab.ts';

const steps: readonly MemoryStep[] = [
  { do: 'write', path: 'report.md', text: '# all well\n' },
  { do: 'write', path: 'out/odd\u001b[31m.txt', text: 'x' },
  { do: 'write', path: 'out/data.txt', text: 'red \u001b[31mtext' },
  { do: 'say', text: 'first' },
  { do: 'say', text: 'the\nanswer' },
];
const open = (): Promise<Lab> => Lab.open(() => steps);

describe('artifacts', () => {
  it('are listed and printed, by name, by URI and by part of a task, with an owner and without', async () => {
    await using lab = await open();
    const run = await lab.run('run', 'x', '--deliverable', 'report.md', '--keep', 'out/*', '--keep', 'none/**');
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toContain('· kept report.md (11 B)');
    expect(run.stdout).toMatch(/! not kept: out\/odd.*\(.*control characters/);
    expect(run.stdout).not.toContain('message.md');
    for (const close of [false, true]) {
      if (close) await lab.closeOwners();
      expect((await lab.run('artifacts', 'list', 'last')).stdout.split('\n')).toEqual([
        'SIZE  FROM         TYPE           NAME',
        expect.stringMatching(/^10 B {2}message {6}text\/markdown {2}runs\/1\/message\.md$/),
        expect.stringMatching(/^13 B {2}deliverable {2}text\/plain {5}out\/data\.txt$/),
        expect.stringMatching(/^11 B {2}deliverable {2}text\/markdown {2}report\.md$/),
        '',
      ]);
      const listed = (await lab.run('artifacts', 'list', 'last', '--json')).json() as { name: string; uri: string }[];
      expect(listed[2]).toMatchObject({ name: 'report.md', bytes: 11, mediaType: 'text/markdown' });
      expect(await lab.run('artifacts', 'get', 'last', 'report.md')).toMatchObject({ code: 0, stdout: '# all well\n' });
      expect((await lab.run('artifacts', 'get', listed[2]!.uri)).stdout).toBe('# all well\n');
      expect((await lab.run('artifacts', 'get', 'last', '--message')).stdout).toBe('the\nanswer');
      expect((await lab.run('artifacts', 'ls', 'last', '-q')).stdout).toBe(
        'runs/1/message.md\nout/data.txt\nreport.md\n',
      );
      expect((await lab.run('status', 'last')).stdout).toMatch(/artifacts +3 \(34 B\)/);
    }
    expect(lab.started).toBe(1);
  });

  it('are printed as they are into a pipe, and as text on a terminal', async () => {
    await using lab = await open();
    await lab.run('run', 'x', '--keep', 'out/data.txt');
    expect((await lab.run('artifacts', 'get', 'last', 'out/data.txt')).stdout).toBe('red \u001b[31mtext');
    const { ended } = lab.start(['artifacts', 'get', 'last', 'out/data.txt'], { stdout: new Sink(true) });
    expect((await ended).stdout).toBe('red text\n');
  });

  it('are listed with whole names at 40 columns', async () => {
    const name = `${'a-long-name-'.repeat(6)}.md`;
    await using lab = await Lab.open(() => [{ do: 'write', path: name, text: 'x' }]);
    await lab.run('run', 'x', '--keep', '*.md');
    const stdout = new Sink(true);
    stdout.columns = 40;
    const shown = stripVTControlCharacters((await lab.start(['artifacts', 'list', 'last'], { stdout }).ended).stdout);
    // A name that is longer than the terminal is for it to break: what is copied is one word.
    expect(shown.split('\n').map((line) => line.trim())).toContain(name);
    expect(shown.split('\n').filter((line) => line.length > 40 && line.trim() !== name)).toEqual([]);
  });

  it('become files of a directory, and replace none', async () => {
    await using lab = await open();
    await lab.run('run', 'x', '--keep', '**');
    expect(await lab.run('artifacts', 'get', 'last', '--to', 'copy')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^3 files \(34 B\) in \/.*\/work\/copy\n$/),
    });
    expect(await readFile(join(lab.workspace, 'copy/report.md'), 'utf8')).toBe('# all well\n');
    expect(await readFile(join(lab.workspace, 'copy/runs/1/message.md'), 'utf8')).toBe('the\nanswer');
    const again = await lab.run('artifacts', 'get', 'last', 'report.md', '--to', 'copy');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('empty directory') });
    expect((await lab.run('artifacts', 'get', 'last', 'report.md', '--to', 'one', '--json')).json()).toEqual([
      { name: 'report.md', bytes: 11, dir: join(lab.workspace, 'one') },
    ]);
    expect(existsSync(join(lab.workspace, 'one/out'))).toBe(false);
  });

  it.each([
    [['get', 'last'], 2, 'name the one artifact'],
    [['get', 'last', 'a', 'b'], 2, 'name the one artifact'],
    [['get', 'last', 'a', '--message'], 2, '--message names what is printed'],
    [['get', 'artifact://sha256/12'], 2, 'not an artifact URI'],
    [['get', 'artifact://task-1/x', 'y'], 2, 'a URI names the one artifact'],
    [['get', 'last', 'report.md', '--json'], 2, 'no JSON'],
    [['get', 'last', 'nothing.md'], 3, 'artifacts list'],
    [['list', 'nowhere'], 3, 'there is no task'],
    [['list'], 2, "missing required argument 'task'"],
    [['frobnicate'], 2, 'unknown command'],
  ])('%j are refused', async (args, code, text) => {
    await using lab = await open();
    await lab.run('run', 'x', '--deliverable', 'report.md');
    const result = await lab.run('artifacts', ...args);
    expect(result.code).toBe(code);
    expect(result.stdout + result.stderr).toContain(text);
  });

  it('that were asked for and are missing are a failure that says which', async () => {
    await using lab = await open();
    const run = await lab.run('run', 'x', '--deliverable', 'missing.md');
    expect(run).toMatchObject({ code: 1, stdout: expect.stringContaining('nothing was delivered for "missing.md"') });
    for (const glob of ['/etc/passwd', '../x', ''])
      expect(await lab.run('run', 'x', '--deliverable', glob)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--deliverable'),
      });
  });
});

it('a task without artifacts has none to list, and none to write', async () => {
  await using lab = await Lab.open(() => []);
  await lab.run('run', 'x');
  expect((await lab.run('artifacts', 'list', 'last')).stdout).toMatch(/^task \w+ has no artifacts\n$/);
  expect((await lab.run('artifacts', 'list', 'last', '--json')).json()).toEqual([]);
  expect(await lab.run('artifacts', 'get', 'last', '--to', 'out')).toMatchObject({ code: 3 });
  expect(existsSync(join(lab.workspace, 'out'))).toBe(false);
});

it('a file is handed to a task while it is open', async () => {
  await using lab = await Lab.open(() => [{ do: 'hang' }]);
  const id = (await lab.run('submit', 'x')).stdout.trim();
  await writeFile(join(lab.workspace, 'trace.json'), '{}');
  expect(await lab.run('artifacts', 'put', id, 'trace.json')).toMatchObject({
    code: 0,
    stdout: `kept as artifact://${id}/trace.json (2 B)\n`,
  });
  const named = await lab.run('artifacts', 'put', id, 'trace.json', '--name', 'a/b', '--type', 'x/y', '--json');
  expect(named.json()).toMatchObject({ name: 'a/b', mediaType: 'x/y', origin: 'put' });
  expect((await lab.run('artifacts', 'get', id, 'a/b')).stdout).toBe('{}');
  expect(await lab.run('artifacts', 'put', id, 'none')).toMatchObject({ code: 3 });
  expect(await lab.run('artifacts', 'put', id, '.')).toMatchObject({ code: 2 });
  await lab.run('cancel', id, '--wait');
  expect(await lab.run('artifacts', 'put', id, 'trace.json')).toMatchObject({ code: 1 });
});

describe('artifacts in order', () => {
  const garbage = async (lab: Lab, text: string): Promise<void> => {
    const store = await openArtifactStore({ dir: join(lab.dataDir, 'artifacts') });
    (await store.put(Buffer.from(text)))[Symbol.dispose]();
    await store.close();
  };

  it('are verified, and what is damaged or gone is named', async () => {
    await using lab = await open();
    expect(await lab.run('artifacts', 'verify')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('nothing has been run'),
    });
    await lab.run('run', 'x', '--keep', '*.md');
    expect(await lab.run('artifacts', 'verify')).toMatchObject({
      code: 0,
      stdout: '✓ the artifacts are intact: 2 contents, 21 B\n',
    });
    await lab.closeOwners();
    const packs = join(lab.dataDir, 'artifacts/packs');
    for (const name of await readdir(packs)) {
      const bytes = await readFile(join(packs, name));
      bytes[bytes.indexOf('all well')] = 0x41;
      await writeFile(join(packs, name), bytes);
    }
    const damaged = await lab.run('artifacts', 'verify');
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(
      /^✗ [0-9a-f]{12} {2}.*\n {2}artifact:\/\/task-\w+\/report\.md\n1 of 2 contents, 21 B are damaged or gone\n$/,
    );
    await rm(packs, { recursive: true });
    await mkdir(packs);
    const gone = (await lab.run('artifacts', 'verify', '--json')).json();
    expect(gone).toMatchObject({ ok: false, contents: 0, problems: [{ problem: 'its bytes are gone' }, {}] });
  });

  it('are rid of what no task names, once that is asked for, with an owner and without', async () => {
    await using lab = await open();
    await lab.run('run', 'x', '--keep', '*.md');
    await lab.closeOwners();
    await garbage(lab, 'left over');
    const told = await lab.run('artifacts', 'gc');
    expect(told).toMatchObject({
      code: 0,
      stdout: '1 content (9 B) that no task names; 2 (21 B) stay\n',
      stderr: expect.stringContaining('artifacts gc --remove'),
    });
    expect((await lab.run('artifacts', 'gc', '--remove')).stdout).toBe(
      'removed 1 content (9 B) that no task names; 2 (21 B) stay\n',
    );
    await lab.run('run', 'y');
    expect((await lab.run('artifacts', 'gc', '--json')).json()).toMatchObject({ removed: 0, dryRun: true });
    expect((await lab.run('artifacts', 'verify')).code).toBe(0);
    expect(lab.started).toBe(2);
  });
});

describe('run --output last', () => {
  it('prints the last message and nothing else', async () => {
    await using lab = await open();
    expect(await lab.run('run', 'x', '--output', 'last')).toMatchObject({ code: 0, stdout: 'the\nanswer', stderr: '' });
    expect(await lab.run('run', 'x', '--output', 'first')).toMatchObject({ code: 2 });
    expect(await lab.run('run', 'x', '--output', 'last', '--json')).toMatchObject({ code: 2 });
  });

  it('prints what a runtime without messages wrote to stdout, and says on stderr how a task failed', async () => {
    await using lab = await Lab.open();
    const script = (): MemoryStep[] => [
      { do: 'print', text: 'one\n' },
      { do: 'print', text: 'noise\n', to: 'stderr' },
      { do: 'print', text: 'two\n' },
      { do: 'end', outcome: { status: 'failed', code: 'exit_code', message: 'exit code 7' } },
    ];
    lab.use(memoryRuntime({ script }));
    expect(await lab.run('run', 'x', '--output', 'last')).toMatchObject({
      code: 1,
      stdout: 'one\ntwo\n',
      stderr: expect.stringContaining('exit code 7'),
    });
  });
});
