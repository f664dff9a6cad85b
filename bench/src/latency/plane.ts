import { join } from 'node:path';
import { openControlPlane } from '@runtime/control-plane';
import type { Contender } from '../harness/contender.ts';
import { adapters } from './agents.ts';
import { subscribe } from './subscribe.ts';

/** A subscriber in the plane's own process. */
export default async function inProcess(dir: string): Promise<Contender> {
  const plane = await openControlPlane({ dataDir: join(dir, 'data'), adapters: adapters() });
  return {
    run: (params) => subscribe(plane, dir, params),
    close: () => plane.close(),
  };
}
