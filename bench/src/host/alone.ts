import type { Contender } from '../harness/contender.ts';
import { watchPhases } from './phases.ts';

/** A host without agents: what the machine itself does to an event loop. */
export default async function alone(dir: string): Promise<Contender> {
  return {
    run: (params) => watchPhases(dir, params, { start: async () => undefined, ended: async () => undefined }),
  };
}
