import { join } from 'node:path';
import { NotThere, type Contender } from '../harness/contender.ts';
import { compileLimit } from './limit-program.ts';

/** The limit of our own technique: blocks that were written before are overwritten through O_DSYNC, in a C program. */
export default async function limitOverwrite(dir: string): Promise<Contender> {
  const file = join(dir, 'events');
  const program = await compileLimit(dir);
  if (!program) throw new NotThere('no C compiler (cc) on PATH');
  return {
    run: (params) => program('overwrite', file, params),
  };
}
