import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readHolderRecord } from '@runtime/adapter-kit/run';
import type { ControlPlane } from '@runtime/contracts';

/** The run directory of a task's current run, once its agent is up. */
export async function runningRunDir(plane: ControlPlane, taskId: string): Promise<string> {
  for await (const event of plane.task(taskId).events()) if (event.type === 'turn.started') break;
  const run = (await plane.task(taskId).status()).runs.at(-1);
  if (!run) throw new Error('the task has no run');
  return run.runDir;
}

export async function pidsOf(runDir: string): Promise<{ holder: number; agent: number }> {
  const record = await readHolderRecord(runDir);
  if (!record?.agent) throw new Error(`no holder record in ${runDir}`);
  return { holder: record.holder.pid, agent: record.agent.pid };
}

/** The private tmux server of a run. */
export async function tmuxServerOf(runDir: string): Promise<number> {
  const { socket }: { socket: string } = JSON.parse(await readFile(join(runDir, 'tmux.json'), 'utf8'));
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  const { stdout } = await promisify(execFile)('tmux', [
    '-S',
    resolve(runDir, socket),
    'display-message',
    '-p',
    '#{pid}',
  ]);
  return Number(stdout.trim());
}

export async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
    if (stat === undefined || stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')) return true;
    await sleep(50);
  }
  return false;
}
