import type { Contender } from '../harness/contender.ts';
import { runTasks } from './measure.ts';
import { openPlane } from './open-plane.ts';

/** A whole task: submitted, started by a holder, its output read, its exit recorded, its tree ended. */
export default async function wholeTask(dir: string): Promise<Contender> {
  const { plane, runTask } = await openPlane(dir);
  return {
    run: (params) => runTasks(params, runTask),
    close: () => plane.close(),
  };
}
