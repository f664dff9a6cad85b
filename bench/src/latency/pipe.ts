import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Contender } from '../harness/contender.ts';
import { agent, Ages } from './stamps.ts';

/** The limit: a child's pipe, read where it is spawned. Nothing is kept, and the child dies with its parent. */
export default async function pipe(): Promise<Contender> {
  return {
    async run(params) {
      const [program = '', ...args] = agent(params);
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const ages = new Ages();
      child.stdout.setEncoding('utf8');
      child.stdout.on('data', (text: string) => ages.take(text));
      await once(child, 'close');
      return ages.sample(params);
    },
  };
}
