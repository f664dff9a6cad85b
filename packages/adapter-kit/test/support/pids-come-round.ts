// Runs as root of a pid namespace of its own, where it turns the pids round as failing forks do: uncounted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findMarked, isAlive, readIdentity, type ProcessIdentity } from '../../src/process/index.ts';
import { stopRun, startHolder, waitForExit } from '../../src/run/index.ts';

const runId = `round-${Math.random().toString(36).slice(2)}`;
const runDir = await mkdtemp(path.join(tmpdir(), 'adapter-kit-'));
const handle = {
  specVersion: 'runtime/1',
  runtime: 'test',
  taskId: 'task',
  runId,
  generation: 1,
  runDir,
  survivesHost: true,
} as const;

const turnTo = (pid: number): Promise<void> => writeFile('/proc/sys/kernel/ns_last_pid', String(pid));

const start = (script: string) =>
  startHolder({
    handle,
    command: ['/bin/sh', '-c', script],
    cwd: runDir,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    stdin: { kind: 'none' },
    cgroup: false,
  });

async function identityIn(file: string): Promise<ProcessIdentity> {
  for (;;) {
    const found = await readIdentity(Number(await readFile(path.join(runDir, file), 'utf8').catch(() => '0')));
    if (found) return found;
    await delay(5);
  }
}

const scenes: Record<string, () => Promise<unknown>> = {
  async member() {
    await turnTo(10_000);
    const { holder } = await start('while [ ! -e go ]; do sleep 0.01; done; setsid sleep 1000 & echo $! >child; wait');
    await turnTo(500);
    await writeFile(path.join(runDir, 'go'), '');
    const child = await identityIn('child');
    await turnTo(20_000);
    await stopRun(handle, { graceMs: 1000 });
    return { isBelow: child.pid < holder.pid, left: (await findMarked(runId)).length };
  },
  async stranger() {
    await turnTo(10_000);
    const { agent } = await start('exit 0');
    await waitForExit(handle);
    // Nobody else forks here but what holder and runtime need: once more if they took the number.
    for (;;) {
      await turnTo(agent.pid - 1);
      const script = 'echo $$; sleep 1000 </dev/null >/dev/null 2>&1 & echo $!';
      const other = spawn('/bin/sh', ['-c', script], { detached: true, env: {}, stdio: ['ignore', 'pipe', 'ignore'] });
      let text = '';
      other.stdout.on('data', (chunk) => (text += String(chunk)));
      await once(other, 'close');
      const [leader, child] = text.trim().split('\n').map(Number);
      const left = await readIdentity(child ?? 0);
      if (leader !== agent.pid || !left) continue;
      await turnTo(20_000);
      await stopRun(handle, { graceMs: 100 });
      return { lives: await isAlive(left) };
    }
  },
};

try {
  process.stdout.write(JSON.stringify(await scenes[process.argv[2] ?? '']?.()));
} finally {
  await rm(runDir, { recursive: true, force: true });
}
