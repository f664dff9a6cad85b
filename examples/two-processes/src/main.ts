/** Starts both processes and checks their output. In real use they are a service and a command line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = await mkdtemp(join(tmpdir(), 'two-processes-'));
const dataDir = join(root, 'data');
const start = (name: string, ...args: string[]) =>
  spawn(process.execPath, [fileURLToPath(new URL(name, import.meta.url)), dataDir, ...args], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });

const owner = start('owner.ts');
const ownerEnded = once(owner, 'exit');
try {
  const [line]: unknown[] = await Promise.race([once(createInterface(owner.stdout), 'line'), ownerEnded]);
  assert.ok(typeof line === 'string', 'the owner started a task');
  console.log(`owner ${owner.pid} started ${line}`);

  const steering = start('steer.ts', line, 'green');
  const steeringEnded = once(steering, 'exit');
  const lines: string[] = [];
  for await (const text of createInterface(steering.stdout)) {
    console.log(`steering ${steering.pid}: ${text}`);
    lines.push(text);
  }
  assert.deepEqual(lines, [
    'the steer was observed',
    'agent: Which colour?',
    'agent: Painted it: green',
    'task: succeeded',
  ]);
  assert.deepEqual(await steeringEnded, [0, null]);
  owner.stdin.end();
  assert.deepEqual(await ownerEnded, [0, null], 'the owner exits when its task has ended');
} finally {
  owner.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
}
