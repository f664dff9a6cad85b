import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Contender } from '../harness/contender.ts';
import { command, runTasks } from './measure.ts';

/** The limit: a child process, its output and its exit code. Nothing is kept, and it dies with its parent. */
export default async function bareSpawn(): Promise<Contender> {
  return {
    run: (params) =>
      runTasks(params, async () => {
        const child = spawn(command, { stdio: ['ignore', 'pipe', 'pipe'] });
        child.stdout.resume();
        child.stderr.resume();
        const [code] = await once(child, 'close');
        if (code !== 0) throw new Error(`${command} ended with ${String(code)}`);
      }),
  };
}
