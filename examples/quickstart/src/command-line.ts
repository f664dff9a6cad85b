import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { narrate } from './narrator.ts';
import type { Stage } from './stage.ts';

const bin = fileURLToPath(new URL('../node_modules/.bin/runtime', import.meta.url));

/** Runs the command line on the same data directory. `taskIds`: newest first. */
export async function runCommandLine(stage: Stage, taskIds: readonly string[]): Promise<void> {
  narrate.title('runtime list');
  const list = await runtime(stage, 'list');
  for (const id of taskIds) assert.ok(list.includes(id), `the list has ${id}`);
  assert.equal(list.match(/\bsucceeded\b/g)?.length, 2, 'two tasks succeeded');
  const json: unknown = JSON.parse(await runtime(stage, 'list', '--json'));
  assert.ok(Array.isArray(json) && json.length === 2, 'two tasks as JSON');

  narrate.title('runtime verify');
  await runtime(stage, 'verify');
}

/** Runs one command, shows its output unless that is JSON, and returns it. Rejects unless the exit code is 0. */
function runtime({ dataDir }: Stage, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(bin, ['--data-dir', dataDir, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
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
