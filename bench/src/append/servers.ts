import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

export const run = promisify(execFile);

/** The program on PATH; undefined when it is not there. */
export async function find(program: string): Promise<string | undefined> {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(dir, program);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/** A server that says nothing and does not outlive us. */
export function startServer(
  program: string,
  args: readonly string[],
  user: { uid?: number; gid?: number },
): ChildProcess {
  const server = spawn(program, args, { stdio: 'ignore', ...user });
  process.once('exit', () => server.kill('SIGKILL'));
  return server;
}

export async function stopServer(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = once(server, 'exit');
  server.kill(signal);
  await exit;
}

/** Runs a program that prepares something; it does not outlive us either. */
export async function prepare(
  program: string,
  args: readonly string[],
  user: { uid?: number; gid?: number },
): Promise<void> {
  const [code] = (await once(startServer(program, args, user), 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}

/** Tries until it works, for five seconds at most. */
export async function untilItAnswers<T>(attempt: () => Promise<T>): Promise<T> {
  const limit = performance.now() + 5000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > limit) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
