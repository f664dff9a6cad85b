import { execa } from 'execa';
import type { Contender } from '../harness/contender.ts';
import { command, runTasks } from './measure.ts';

/** The usual library: it gathers the output and kills the child with its parent. */
export default async function withExeca(): Promise<Contender> {
  return {
    run: (params) =>
      runTasks(params, async () => {
        await execa(command, { stdin: 'ignore' });
      }),
  };
}
