import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { narrate } from './narrator.ts';
import { commandLine } from './next-steps.ts';
import type { Stage } from './stage.ts';

/** Runs the command line on the same data directory. `taskIds`: newest first. */
export async function runCommandLine(stage: Stage, taskIds: readonly string[]): Promise<void> {
  narrate.act(
    3,
    'the command line on the same data',
    'the process that ran the tasks has let go of them. Any other one finds them in the files, and can prove that the log is whole.',
  );
  narrate.line('$ runtime list');
  const list = await runtime(stage, 'list');
  for (const id of taskIds) assert.ok(list.includes(id.slice(-6)), `the list has ${id}`);
  assert.equal(list.match(/\bsucceeded\b/g)?.length, 2, 'two tasks succeeded');
  const json: unknown = JSON.parse(await runtime(stage, 'list', '--json'));
  assert.ok(Array.isArray(json) && json.length === 2, 'two tasks as JSON');

  narrate.line('$ runtime verify');
  await runtime(stage, 'verify');
  narrate.shown('both tasks, read from the files alone, and a log without a damaged line.');
}

/** Runs one command, shows its output unless that is JSON, and returns it. Rejects unless the exit code is 0. */
function runtime({ dataDir }: Stage, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const [node = '', ...program] = commandLine;
    const child = spawn(node, [...program, '--data-dir', dataDir, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (!args.includes('--json')) narrate.line(output.trimEnd());
      if (code === 0) resolve(output);
      else reject(new Error(`runtime ${args.join(' ')} ended with ${code}`));
    });
  });
}
