import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane, TaskView } from '@runtime/contracts';
import { connectControlPlane, openReadOnlyPlane } from '@runtime/control-plane';
import { inject } from 'vitest';

const main = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));

/** How to start the command line from its sources: an argument vector. */
export const cliCommand: readonly string[] = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  '--conditions=@runtime/source',
  main,
];

/** A place where somebody uses the command line: a configuration, a data directory, a workspace. */
export async function makeDesk(runtimes: Readonly<Record<string, unknown>>, disk = tmpdir()) {
  const root = await mkdtemp(join(disk, 'desk-'));
  const dataDir = join(root, 'data');
  const workspace = await mkdtemp(join(root, 'ws-'));
  await writeFile(join(workspace, 'runtime.config.json'), JSON.stringify({ runtimes }));
  const env: Record<string, string | undefined> = { ...process.env, RUNTIME_DATA_DIR: dataDir, NO_COLOR: '1' };
  const [node = '', ...head] = cliCommand;
  return {
    root,
    dataDir,
    workspace,
    env,
    start: (args: readonly string[]): ChildProcess =>
      spawn(node, [...head, ...args], { cwd: workspace, env, stdio: ['ignore', 'pipe', 'pipe'] }),
    run: (args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
      new Promise((resolve) => {
        execFile(node, [...head, ...args], { cwd: workspace, env, timeout: 120_000 }, (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
        });
      }),
    async [Symbol.asyncDispose]() {
      await stopOwner(dataDir);
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export type Desk = Awaited<ReturnType<typeof makeDesk>>;

/** Ends the owner process of a data directory, if there is one. */
export async function stopOwner(dataDir: string): Promise<void> {
  const plane = await connectControlPlane({ dataDir }).catch(() => undefined);
  if (!plane) return;
  const { pid } = await plane.info();
  await plane.close();
  process.kill(pid, 'SIGTERM');
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(50);
  }
}

async function reader(dataDir: string): Promise<ControlPlane> {
  return connectControlPlane({ dataDir }).catch(() => openReadOnlyPlane({ dataDir }));
}

/** Looks until the only task, or the one of this title, is as wanted. Looking is all that is done: nobody types. */
export async function watchTask(
  dataDir: string,
  wanted: (view: TaskView) => boolean,
  title?: string,
  timeoutMs = 30_000 * inject('slowness'),
): Promise<TaskView> {
  const until = Date.now() + timeoutMs;
  let last: TaskView | undefined;
  while (Date.now() < until) {
    const plane = await reader(dataDir).catch(() => undefined);
    if (plane) {
      const views = await plane.tasks().catch(() => []);
      await plane.close();
      last = views.find((view) => title === undefined || view.title === title);
      if (last && wanted(last)) return last;
    }
    await sleep(100);
  }
  throw new Error(`the task did not get there: ${JSON.stringify(last)}`);
}

export const hasEnded = (view: TaskView): boolean => view.outcome !== undefined;
