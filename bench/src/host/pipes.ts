import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Contender } from '../harness/contender.ts';
import { agent, leash, watchPhases } from './phases.ts';

/** The control: the same agents as plain children, whose pipes are read. Nothing is kept. */
export default async function pipes(dir: string): Promise<Contender> {
  return {
    async run(params) {
      const closed: Promise<unknown>[] = [];
      const [program, ...args] = agent(leash(dir));
      return watchPhases(dir, params, {
        async start() {
          const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
          closed.push(once(child, 'close'));
          await once(child.stdout, 'data');
          child.stdout.resume();
        },
        async ended() {
          await Promise.all(closed);
        },
      });
    },
  };
}
