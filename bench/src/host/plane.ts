import { join } from 'node:path';
import { local } from '@runtime/adapter-local';
import type { RunOutcome } from '@runtime/contracts';
import { fifo, openControlPlane } from '@runtime/control-plane';
import type { Contender } from '../harness/contender.ts';
import { agent, agents, leash, watchPhases } from './phases.ts';

/** A host with a plane in its process, and a reader for each agent. */
export default async function inHost(dir: string): Promise<Contender> {
  const plane = await openControlPlane({
    dataDir: join(dir, 'data'),
    adapters: [local({ command: agent(leash(dir)) })],
    scheduler: fifo({ concurrency: agents }),
  });
  return {
    async run(params) {
      const outcomes: Promise<RunOutcome>[] = [];
      return watchPhases(dir, params, {
        async start() {
          const task = await plane.submit({ prompt: 'go', workspace: dir, shareWorkspace: true });
          const first = Promise.withResolvers<void>();
          outcomes.push(
            (async () => {
              for await (const { type } of task.events()) if (type === 'output.delta') first.resolve();
              return task.outcome();
            })(),
          );
          await first.promise;
        },
        async ended() {
          for (const { status } of await Promise.all(outcomes)) {
            if (status !== 'succeeded') throw new Error(`an agent ${status}`);
          }
        },
      });
    },
    close: () => plane.close(),
  };
}
