import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { PiTool } from '../pi-script.ts';

/** The children of running tools, so that an orderly exit can kill them. */
export interface ToolChildren {
  /** Starts the `sleep` of a tool in its own session. */
  start(tool: PiTool, environment: NodeJS.ProcessEnv): Promise<ChildProcess>;
  /** Kills the process groups of all children. */
  killAll(): void;
}

/** Makes the empty set of children. */
export function createToolChildren(): ToolChildren {
  const running = new Set<ChildProcess>();
  return {
    start: async (tool, env) => {
      // Its own session, as with Pi's bash: a kill of Pi, or of its process group, does not reach it.
      const child = spawn('sh', ['-c', 'exec sleep "$1"', 'sh', String((tool.childSleepMs ?? 0) / 1000)], {
        detached: true,
        stdio: 'ignore',
        env,
      });
      running.add(child);
      child.once('exit', () => running.delete(child));
      await new Promise((done, failed) => child.once('spawn', done).once('error', failed));
      if (tool.childPidFile !== undefined) writeFileSync(tool.childPidFile, `${child.pid}\n`);
      return child;
    },
    killAll: () => {
      for (const child of running) killGroup(child);
    },
  };
}

/** Kills the child and its whole process group; a group that is gone already is no error. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
