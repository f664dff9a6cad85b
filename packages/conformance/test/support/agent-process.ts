import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentCommand } from '../../src/scripted-agent/index.ts';

/** A folder that goes away with the test. */
export async function temporaryFolder(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'conformance-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface AgentProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  /** Resolves once stdout contains the text. */
  shows(text: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function startAgent(
  agent: AgentCommand,
  options: { cwd?: string; args?: string[]; env?: NodeJS.ProcessEnv } = {},
): AgentProcess {
  const [file = '', ...args] = [...agent.command, ...(options.args ?? [])];
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...process.env, ...agent.env, ...options.env },
    stdio: 'pipe',
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watch of watchers) watch();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {});
  const ended = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    child,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    shows: async (text) => {
      const seen = new Promise<void>((resolve) => {
        const watch = (): void => {
          if (!stdout.includes(text)) return;
          watchers.delete(watch);
          resolve();
        };
        watchers.add(watch);
        watch();
      });
      const early = ended.then(() => {
        if (!stdout.includes(text))
          throw new Error(`ended before it showed ${text}: ${stdout.slice(-400)} ${stderr.slice(-400)}`);
      });
      await Promise.race([seen, early]);
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Whether a process is there, and not only its zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  try {
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
